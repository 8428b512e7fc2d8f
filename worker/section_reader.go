package worker

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"initiator/proactor"
)

// sectionReader reads the worker's own section and collects the invalid keys.
type sectionReader struct {
	cfg     *proactor.Config
	section string
	faults  []error
}

func (k *sectionReader) lookupKey(key string) (string, bool) {
	if k.cfg == nil {
		return "", false
	}
	section := k.section
	if k.cfg.Section(section) == nil {
		section = "DEFAULT"
	}
	value, ok, err := k.cfg.Get(section, key)
	return value, ok && err == nil
}

func (k *sectionReader) readText(key, otherwise string) string {
	if value, ok := k.lookupKey(key); ok && value != "" {
		return value
	}
	return otherwise
}

func (k *sectionReader) readNumber(key, env string, otherwise int) int {
	value := k.readText(key, env)
	if value == "" || key == "listen_port" && value == "auto" {
		return otherwise
	}
	n, err := strconv.Atoi(value)
	if err != nil {
		k.faults = append(k.faults, fmt.Errorf("%s = %s: use a whole number", key, value))
		return otherwise
	}
	return n
}

func (k *sectionReader) readFlag(key string) bool {
	value := strings.ToLower(k.readText(key, "no"))
	switch value {
	case "1", "yes", "true", "on":
		return true
	case "0", "no", "false", "off":
		return false
	}
	k.faults = append(k.faults, fmt.Errorf("%s = %s: use yes or no", key, value))
	return false
}

func (k *sectionReader) readDuration(key string, otherwise time.Duration) time.Duration {
	value := k.readText(key, "")
	if value == "" {
		return otherwise
	}
	d, err := proactor.ParseDuration(value)
	if err != nil {
		k.faults = append(k.faults, fmt.Errorf("%s = %s: %w", key, value, err))
		return otherwise
	}
	return d
}
