package plan

import "strings"

// DescribeStop returns in a clause how a stop ends a worker of the definition:
// whom the stop signal reaches, when KILL follows, and what is left.
func (s *Spec) DescribeStop() string {
	switch s.LeaveDescendants {
	case LeaveAlways:
		return s.describeLeavingStop()
	case LeaveExit:
		return s.describeFullStop() + "; what it leaves when it ends by itself is left, unless it is started again"
	}
	return s.describeFullStop()
}

// describeLeavingStop describes a stop with leave_descendants = always.
func (s *Spec) describeLeavingStop() string {
	if s.StopSignal == "KILL" || s.StopWait == 0 {
		return "KILL to " + s.describeTarget() + "; what it leaves is left"
	}
	command := ""
	if len(s.StopCommand) > 0 {
		command = "stop_command, then "
	}
	return command + s.StopSignal + " to " + s.describeTarget() + ", then KILL after " + durationText(s.StopWait) + "; what it leaves is left"
}

// describeFullStop describes a stop that ends every process.
func (s *Spec) describeFullStop() string {
	if s.StopSignal == "KILL" || s.StopWait == 0 {
		return "KILL to every process"
	}
	var steps []string
	if len(s.StopCommand) > 0 {
		steps = append(steps, "stop_command")
	}
	steps = append(steps, s.StopSignal+" to "+s.describeTarget())
	if s.Exec == nil {
		steps = append(steps, s.StopSignal+" to what it leaves")
	}
	return strings.Join(steps, ", then ") + "; KILL to every process after " + durationText(s.StopWait)
}

// describeTarget returns whom the stop signal reaches.
func (s *Spec) describeTarget() string {
	switch {
	case s.Exec != nil:
		return "the main process, which ends the processes of its tasks"
	case s.StopAsGroup == GroupTrue:
		return "the process group"
	case s.StopAsGroup == GroupFalse:
		if s.PIDFile != "" {
			return "the main process, which pidfile can name"
		}
		return "the main process"
	}
	if s.PIDFile != "" {
		return "the main process, which pidfile can name (a shell: to its process group)"
	}
	return "the main process (a shell: to its process group)"
}
