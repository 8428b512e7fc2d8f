package worker

import "time"

// errorMeaning is what a handler's error means for its task.
type errorMeaning struct {
	message    string // the reason in the task's record; "" = that of data
	data       any    // of a TaskFail or TaskRefuse; nil = none
	retry      bool   // another attempt may succeed
	retryAfter time.Duration
	snoozed    bool // the attempt is not charged
	deliberate bool // the handler has said what the error means
	isRefusal  bool // a TaskRefuse decides
}

// judgeError decides what a handler's error means. It is a pure function. The
// cause is the reason for which the task's context ended, or nil.
//
// It looks at err, then at the errors that err wraps, depth first, as errors.As
// does. The first mark (Permanent, RetryAfter, Snooze, TaskFail, TaskRefuse or
// finalError) decides whether the task is tried again. An error without a mark
// is. The first data, and the first delay unless the mark before it is final,
// are found in the same order. The message has the words of the whole error.
func judgeError(err, cause error) errorMeaning {
	v := errorMeaning{retry: true}
	marked := false
	walkErrors(err, func(e error) {
		m, isMark := readMark(e)
		if !isMark {
			return
		}
		if !marked {
			marked = true
			v.retry, v.snoozed, v.isRefusal = m.retry, m.snoozed, m.isRefusal
		}
		v.deliberate = v.deliberate || m.deliberate
		if v.data == nil {
			v.data = m.data
		}
		if v.retry && v.retryAfter == 0 {
			v.retryAfter = m.retryAfter
		}
	})
	if bare := stripMarks(err); !isWordless(bare) {
		v.message = errorWords(bare, cause)
	}
	return v
}

// readMark returns what an error itself means, without the errors that it
// wraps. ok is false for an error that is no mark.
func readMark(err error) (m errorMeaning, ok bool) {
	switch e := err.(type) { //nolint:errorlint // walkErrors unwraps
	case *permanentError:
		return errorMeaning{deliberate: true}, true
	case *retryAfterError:
		return errorMeaning{deliberate: true, retry: true, retryAfter: e.delay}, true
	case *snoozeError:
		return errorMeaning{deliberate: true, retry: true, retryAfter: e.delay, snoozed: true}, true
	case finalError:
		return errorMeaning{}, true
	case TaskFail:
		return errorMeaning{deliberate: true, retry: e.Retry, data: e.Data}, true
	case *TaskFail:
		return errorMeaning{deliberate: true, retry: e.Retry, data: e.Data}, true
	case TaskRefuse:
		return errorMeaning{deliberate: true, retry: true, data: e.Data, retryAfter: e.RetryAfter, isRefusal: true}, true
	case *TaskRefuse:
		return errorMeaning{deliberate: true, retry: true, data: e.Data, retryAfter: e.RetryAfter, isRefusal: true}, true
	}
	return m, false
}

// stripMarks returns the error below the outer marks that have no words of their
// own.
func stripMarks(err error) error {
	for {
		switch e := err.(type) { //nolint:errorlint // only the outermost errors
		case *permanentError:
			err = e.err
		case *retryAfterError:
			err = e.err
		case TaskFail:
			if e.Err == nil {
				return err
			}
			err = e.Err
		case *TaskFail:
			if e.Err == nil {
				return err
			}
			err = e.Err
		default:
			return err
		}
	}
}

// isWordless reports whether the text of an error says nothing beside its data.
func isWordless(err error) bool {
	switch err.(type) { //nolint:errorlint // a wrapping error has words
	case TaskFail, *TaskFail, TaskRefuse, *TaskRefuse, *snoozeError:
		return true
	}
	return false
}

// walkErrors calls visit for err and for each error that it wraps, depth first.
func walkErrors(err error, visit func(error)) {
	if err == nil {
		return
	}
	visit(err)
	switch e := err.(type) { //nolint:errorlint // this is the unwrapping
	case interface{ Unwrap() error }:
		walkErrors(e.Unwrap(), visit)
	case interface{ Unwrap() []error }:
		for _, each := range e.Unwrap() {
			walkErrors(each, visit)
		}
	}
}
