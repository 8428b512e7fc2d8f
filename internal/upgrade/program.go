package upgrade

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"initiator/internal/keeper"
	"initiator/internal/ownership"
)

// Time limits of the steps of an upgrade.
const (
	// CheckTime bounds the next program's answer that it can read the state, and
	// the keeper's answer that it keeps the workers.
	CheckTime = 20 * time.Second
	// QuiesceTime is the longest time without decisions, from the last decision
	// of the old program to the first decision of the next.
	QuiesceTime = time.Minute
	// startTime is the part of QuiesceTime in which the next program has to come up.
	startTime = 30 * time.Second
)

// CheckVerb is the verb with which a program is asked whether it can go on from
// a state directory. The directory and the INI follow it.
const CheckVerb = "upgrade-check"

// Answer is what a program that can go on writes to its stdout.
type Answer struct {
	Version string `json:"version"`
	Keeper  int    `json:"keeper"` // the newest version of the keeper protocol that the program speaks
}

// WriteAnswer answers for this program, whose version is given.
func WriteAnswer(w io.Writer, version string) error {
	return json.NewEncoder(w).Encode(Answer{version, keeper.Version})
}

// FindProgram returns the absolute path of a program, without links; "" stands for
// the file of the running program, which may have been replaced since it started.
// The initiator is about to run the program with all of its rights. So the error also
// says when another user can change the program or has put it there.
func FindProgram(binary string) (path string, err error) {
	if binary == "" {
		path, err = os.Executable()
	} else if path, err = exec.LookPath(binary); err == nil {
		path, err = filepath.Abs(path)
	}
	if err == nil {
		path, err = filepath.EvalSymlinks(path)
	}
	if err != nil {
		return "", err
	}
	if err := ownership.CheckPath(path); err != nil {
		return "", fmt.Errorf("the program %s was not run, because another user can change it: %w; copy it to a place that only user %d can write; nothing has changed", path, err, os.Geteuid())
	}
	return path, nil
}

// AskProgram runs the program at path and asks whether it can go on from a state
// directory and an INI. It changes nothing.
func AskProgram(ctx context.Context, path, stateDir, ini string) (Answer, error) {
	ctx, cancel := context.WithTimeout(ctx, CheckTime)
	defer cancel()
	cmd := exec.CommandContext(ctx, path, CheckVerb, stateDir, ini)
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr, cmd.WaitDelay = &stdout, &stderr, time.Second
	var answer Answer
	err := cmd.Run()
	if err != nil {
		return answer, fmt.Errorf("%s cannot go on from here: %w: %s; nothing has changed", path, err, strings.TrimSpace(stderr.String()))
	}
	if json.Unmarshal(stdout.Bytes(), &answer) != nil || answer.Version == "" {
		return answer, fmt.Errorf("%s is no initiator: it answered %.60q; nothing has changed", path, stdout.String())
	}
	return answer, nil
}
