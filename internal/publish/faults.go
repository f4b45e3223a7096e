package publish

import (
	"fmt"
)

// TooLargeError tells that a zip is too large to travel in a request and that
// no bucket was named to take it.
type TooLargeError struct {
	Size, Limit int64 // in bytes
}

func (e *TooLargeError) Error() string {
	return fmt.Sprintf("the zip has %d bytes, and AWS takes at most %d in a request: set s3 = { bucket = \"…\" } to send it through a bucket",
		e.Size, e.Limit)
}

// AlteredError tells that AWS keeps other bytes than those sent, as after a
// signing job or a change of the staged object.
type AlteredError struct {
	ARN       string
	Want, Got string // base64 SHA-256
	// Removed is set when the version was deleted again.
	Removed bool
}

func (e *AlteredError) Error() string {
	end := "it could not be removed: delete it by hand"
	if e.Removed {
		end = "it was removed again"
	}
	return fmt.Sprintf("AWS stored other bytes for %s: its SHA-256 is %q, and %q was sent; %s", e.ARN, e.Got, e.Want, end)
}

// UncertainError tells that the answer to a publish was lost, and that no
// version with the wanted bytes has been seen since. Publishing again is safe:
// it takes such a version over if it has appeared by then.
type UncertainError struct {
	// Above is the highest version number that was there before.
	Above int64
	cause error
}

func (e *UncertainError) Error() string {
	return fmt.Sprintf("the answer was lost, and no version above %d holds these bytes yet: apply again, a version that appears late is adopted: %v",
		e.Above, e.cause)
}

// Unwrap returns what ended the call.
func (e *UncertainError) Unwrap() error { return e.cause }
