package container

import (
	"errors"
	"io"
	"strings"
	"testing"
)

// endless repeats a text for ever, and counts the bytes that are read.
type endless struct {
	text string
	read int
}

func (e *endless) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = e.text[e.read%len(e.text)]
		e.read++
	}
	return len(p), nil
}

// TestMessagesOfTheEngineAreBounded reads streams with a message that has no end, or
// nothing but blanks, and one that is long by many messages.
func TestMessagesOfTheEngineAreBounded(t *testing.T) {
	t.Parallel()
	const id = `{"id":"moby.image.id","aux":{"ID":"sha256:abc"}}`
	for name, start := range map[string]string{
		"a text": `{"stream":"`, "the value of a field that is not known": `{"x":"`, "an error": `{"error":"`, "a name": `{"`, "blanks": "",
	} {
		for _, filler := range []string{"a", " "} {
			if name == "blanks" && filler == "a" {
				continue
			}
			tail := &endless{text: filler}
			_, err := readProgress(t.Context(), io.MultiReader(strings.NewReader(id+start), tail), func(string) {})
			if err == nil || !strings.Contains(err.Error(), "one message has more than 16777216 bytes") {
				t.Errorf("%s: the error is %v", name, err)
			}
			if tail.read > 2*maxMessage {
				t.Errorf("%s: %d bytes are read", name, tail.read)
			}
		}
	}
	line := `{"stream":"` + strings.Repeat("a", 1<<20) + `"}`
	got, err := readProgress(t.Context(), strings.NewReader(strings.Repeat(line, 40)+id), func(string) {})
	if err != nil || got != "sha256:abc" {
		t.Errorf("a stream of 40 MiB: %q, %v", got, err)
	}
	fault, ok := errors.AsType[*BuildError](func() error {
		_, err := readProgress(t.Context(), strings.NewReader(strings.Repeat(line, 40)+`{"error":"no room"}`), func(string) {})
		return err
	}())
	if !ok || fault.Reason != "no room" || len(fault.Log) != logTail {
		t.Errorf("the fault is %+v", fault)
	}
}
