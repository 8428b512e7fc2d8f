// Package realdaemons has only tests. They run daemons of Debian under the
// initiator: each is started, reloaded, restarted, upgraded and killed while
// clients send requests, and each request and process is accounted for.
//
//	go test ./internal/realdaemons -daemons
//
// The tests need root and Debian's packages, which .ci/long installs. Without the
// flag they do not run.
package realdaemons

// Files:
//
//	celery_linux_test.go    Celery with redis: jobs that run survive every order
//	daemon_linux_test.go    what the tests know of a daemon, and the orders that it gets
//	fastcgi_linux_test.go   a client of php-fpm
//	load_linux_test.go      requests that are sent and counted while orders are given
//	main_linux_test.go      the flag, and the program under test
//	postgres_linux_test.go  PostgreSQL: smart shutdown and transactions
//	redis_linux_test.go     redis: acknowledged writes
//	system_linux_test.go    an initiator, its verbs, and the processes below it
//	web_linux_test.go       nginx, gunicorn with Flask, and php-fpm
