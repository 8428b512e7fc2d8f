// Package supervisorctl has the verbs, names and output that users of
// supervisorctl know. Its verbs come from [Commands]; the other functions format
// the output of the program's own verbs as supervisorctl would, for `-o
// supervisor` and where the INI is a supervisord.conf.
package supervisorctl

// The files:
//
//	verbs.go         the verbs
//	avail.go         avail
//	clear.go         clear
//	fg.go            fg, which only explains
//	maintail.go      maintail
//	pid.go           pid
//	reread.go        reread, and changes by group
//	tail.go          tail, and -BYTES
//	update.go        update
//	names.go         process names and their order
//	status_lines.go  what status prints
//	result_lines.go  what start, stop and restart print
//	signal_lines.go  what signal prints
