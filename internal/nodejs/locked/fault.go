package locked

import "fmt"

// Error says which part of a lock file cannot be used.
type Error struct {
	File   string // its name, without the folder
	Entry  string // such as "left-pad@1.3.0"; "" for the file as a whole
	Reason string // a clause, with what to write instead
	Err    error  // cause, may be nil
}

func (e *Error) Error() string {
	text := fmt.Sprintf("reading lock file %q: ", e.File)
	if e.Entry != "" {
		text += e.Entry + ": "
	}
	text += e.Reason
	if e.Err != nil {
		text += ": " + e.Err.Error()
	}
	return text
}

func (e *Error) Unwrap() error { return e.Err }
