package main

import (
	"database/sql"
	"path/filepath"

	_ "modernc.org/sqlite"
)

type sqliteStore struct{ db *sql.DB }

func openSQLite(dir string) (store, error) {
	db, err := sql.Open("sqlite", "file:"+filepath.Join(dir, "tasks.sqlite")+
		"?_pragma=journal_mode(WAL)&_pragma=synchronous(FULL)&_pragma=cache_size(-65536)")
	if err != nil {
		return nil, err
	}
	db.SetMaxOpenConns(1)
	_, err = db.Exec(`create table if not exists body(num integer primary key, data blob) strict;
		create table if not exists head(num integer primary key, data blob) strict`)
	return &sqliteStore{db}, err
}

func (s *sqliteStore) commit(batch []change) error {
	tx, err := s.db.Begin()
	if err != nil {
		return err
	}
	defer tx.Rollback()
	body, err := tx.Prepare("insert into body values(?,?)")
	if err != nil {
		return err
	}
	head, err := tx.Prepare("insert or replace into head values(?,?)")
	if err != nil {
		return err
	}
	for _, c := range batch {
		switch {
		case c.head == nil:
			if _, err = tx.Exec("delete from body where num=?", int64(c.num)); err == nil {
				_, err = tx.Exec("delete from head where num=?", int64(c.num))
			}
		case c.body != nil:
			if _, err = body.Exec(int64(c.num), c.body); err == nil {
				_, err = head.Exec(int64(c.num), c.head)
			}
		default:
			_, err = head.Exec(int64(c.num), c.head)
		}
		if err != nil {
			return err
		}
	}
	return tx.Commit()
}

func (s *sqliteStore) body(num uint64) (got []byte, err error) {
	return got, s.db.QueryRow("select data from body where num=?", int64(num)).Scan(&got)
}

func (s *sqliteStore) load(each func(uint64, []byte, []byte)) error {
	rows, err := s.db.Query("select body.num, body.data, head.data from body join head on body.num=head.num")
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		var num int64
		var body, head sql.RawBytes
		if err := rows.Scan(&num, &body, &head); err != nil {
			return err
		}
		each(uint64(num), body, head)
	}
	return rows.Err()
}

func (s *sqliteStore) close() error { return s.db.Close() }
