package initiator_test

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"log"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"go.uber.org/goleak"

	"initiator/initiator"
	"initiator/internal/jobstest"
	"initiator/internal/testjob"
	"initiator/worker"
)

// TestMain makes the test binary what ${initiator:self} is in an INI: started
// as `job NAME …` it is that job.
func TestMain(m *testing.M) {
	testjob.RunIfAsked()
	if len(os.Args) == 4 && os.Args[1] == "up" {
		if err := upMain(os.Args[2], os.Args[3]); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	if len(os.Args) == 4 && os.Args[1] == initiator.CheckVerb {
		if err := initiator.CheckUpgrade(os.Stdout, os.Args[2], os.Args[3]); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	if len(os.Args) > 1 && os.Args[1] == "parent" {
		worker.Main(slices.Concat(parentHandlers, misbehavingHandlers, stoppingHandlers)...)
	}
	if len(os.Args) == 3 && os.Args[1] == "answer" {
		log.Fatal(http.ListenAndServe("127.0.0.1:"+os.Args[2], http.HandlerFunc(answerSlowly)))
	}
	if len(os.Args) > 1 && os.Args[1] == "languages" {
		worker.Main(jobstest.Handlers...)
	}
	if len(os.Args) > 2 && os.Args[1] == "misbehave" {
		misbehave(os.Args[2], os.Args[3:])
	}
	jobstest.PutPythonFirst()
	_ = flag.Set("test.parallel", "6") // the tests mostly wait; the command line has precedence
	goleak.VerifyTestMain(m)
}

// answerSlowly answers each request after a tenth of a second, so that a probe is
// under way almost always.
func answerSlowly(http.ResponseWriter, *http.Request) { <-time.After(100 * time.Millisecond) }

// broken is the name of a program that answers that it can go on, and cannot.
const broken = "broken"

// crashing is the name of a program that crashes at its start.
const crashing = "crashing"

// upMain is a program that embeds the initiator. It runs an INI until it is ended, and
// writes to stdout when every worker is ready.
func upMain(path, state string) error {
	switch self, _ := os.Executable(); filepath.Base(self) {
	case broken:
		return initiator.RevertUpgrade(errors.New("it is broken"))
	case crashing:
		panic("it crashes")
	}
	in, err := initiator.New(initiator.Config{Path: path, StateDir: state})
	if err != nil {
		return initiator.RevertUpgrade(err)
	}
	go func() {
		fmt.Println("ready:", in.Ready(context.Background()))
	}()
	return in.Run(context.Background())
}
