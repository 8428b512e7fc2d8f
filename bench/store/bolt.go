package main

import (
	"encoding/binary"
	"path/filepath"

	bolt "go.etcd.io/bbolt"
)

var (
	bodies = []byte("body")
	heads  = []byte("head")
)

type boltStore struct{ db *bolt.DB }

func openBolt(dir string) (store, error) {
	db, err := bolt.Open(filepath.Join(dir, "tasks.db"), 0o600, &bolt.Options{
		NoFreelistSync: true, FreelistType: bolt.FreelistMapType, InitialMmapSize: 1 << 30,
	})
	if err != nil {
		return nil, err
	}
	return &boltStore{db}, db.Update(func(tx *bolt.Tx) error {
		for _, b := range [][]byte{bodies, heads} {
			if _, err := tx.CreateBucketIfNotExists(b); err != nil {
				return err
			}
		}
		return nil
	})
}

func (s *boltStore) commit(batch []change) error {
	return s.db.Update(func(tx *bolt.Tx) error {
		b, h := tx.Bucket(bodies), tx.Bucket(heads)
		b.FillPercent = 0.95 // keys only grow, so pages can be full
		for _, c := range batch {
			key := binary.BigEndian.AppendUint64(nil, c.num)
			var err error
			switch {
			case c.head == nil:
				if err = b.Delete(key); err == nil {
					err = h.Delete(key)
				}
			case c.body != nil:
				if err = b.Put(key, c.body); err == nil {
					err = h.Put(key, c.head)
				}
			default:
				err = h.Put(key, c.head)
			}
			if err != nil {
				return err
			}
		}
		return nil
	})
}

func (s *boltStore) body(num uint64) (got []byte, err error) {
	err = s.db.View(func(tx *bolt.Tx) error {
		got = append(got, tx.Bucket(bodies).Get(binary.BigEndian.AppendUint64(nil, num))...)
		return nil
	})
	return got, err
}

func (s *boltStore) load(each func(uint64, []byte, []byte)) error {
	return s.db.View(func(tx *bolt.Tx) error {
		h := tx.Bucket(heads).Cursor()
		key, head := h.First()
		return tx.Bucket(bodies).ForEach(func(k, body []byte) error {
			_ = key
			each(binary.BigEndian.Uint64(k), body, head)
			key, head = h.Next()
			return nil
		})
	})
}

func (s *boltStore) close() error { return s.db.Close() }
