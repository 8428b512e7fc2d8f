package keeper

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
)

func init() {
	acts["output-initiator"] = actOutputInitiator
}

// actOutputInitiator is an initiator: it launches a keeper at the handover socket
// args[0], which starts the orders of the file args[1]. It watches and reads their
// output as args[2] and args[3] say, until it is killed.
func actOutputInitiator(args []string) {
	text, err := os.ReadFile(args[1])
	check(err)
	var orders []SpawnOrder
	check(json.Unmarshal(text, &orders))
	k, err := Launch(Options{HandoverSocket: args[0]})
	check(err)
	for _, o := range orders {
		if args[2] == "true" {
			check(k.WatchOutput(o.GUID, true))
		}
		if o.Keep {
			o.OrphanGrace, o.Snapshot = deadline, []byte("snapshot") // which JSON leaves out
		}
		check(k.Spawn(o))
	}
	spawned := 0
	for e := range k.Events() {
		if e.Kind == KindSpawned {
			spawned++
		}
		if spawned == len(orders) && e.Kind == KindSpawned {
			printLine(fmt.Sprint(k.PID()))
			if args[3] == "true" {
				break
			}
		}
	}
	forever()
}

// killInitiator runs the processes below an initiator in a process of its own, and
// kills the initiator. With Keep, a second initiator takes over.
func (r *outputRun) killInitiator() {
	orders, err := json.Marshal(r.orders)
	check(err)
	file, socket := filepath.Join(r.dir, "orders"), filepath.Join(r.dir, "keeper.sock")
	check(os.WriteFile(file, orders, 0o600))
	cmd := actCommand("output-initiator", socket, file, fmt.Sprint(r.Watched), fmt.Sprint(r.Unread))
	cmd.Stdout, cmd.Stderr = nil, os.Stderr
	out, err := cmd.StdoutPipe()
	check(err)
	check(cmd.Start())
	line, err := bufio.NewReader(out).ReadString('\n')
	check(err)
	keeper := awaitExit(r.t, parsePID(r.t, strings.TrimSpace(line)))
	r.awaitMark()
	check(cmd.Process.Signal(syscall.SIGKILL))
	_ = cmd.Wait()
	if r.Fault == initiatorReplace {
		k, _, err := Attach(socket, Options{})
		check(err)
		h := &testKeeper{t: r.t, Keeper: k}
		h.awaitExits(r)
		h.closeKeeper()
	}
	<-keeper
}
