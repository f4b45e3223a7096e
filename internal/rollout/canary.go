package rollout

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Expectation is what the canary has to answer. That the function returns
// without an error is always expected.
type Expectation struct {
	// StatusCode is the "statusCode" of the answer, 0 for any.
	StatusCode int64
	// JSON maps paths to values. A path is member names and list indexes with
	// dots between them, such as "body.items.0.id". A string that holds JSON
	// is entered as if it were JSON: "body.success" reads an answer of API
	// Gateway. A value is the text of a string, or JSON such as "true" or "3".
	JSON map[string]string
	// MaxDuration bounds how long the handler may run, 0 for no bound.
	MaxDuration time.Duration
}

// CanaryError tells that the canary did not answer as expected.
type CanaryError struct {
	Function string
	// Faults has a sentence for each difference.
	Faults []string
	// Log is the end of the function's log, "" for none.
	Log string
	// Restored says that the canary has its former version again, and
	// NotRestored why it could not get it.
	Restored    bool
	NotRestored error
}

func (e *CanaryError) Error() string {
	text := fmt.Sprintf("the canary %q did not answer as expected: %s", e.Function, strings.Join(e.Faults, "; "))
	switch {
	case e.NotRestored != nil:
		return text + fmt.Sprintf("; putting back its former version: %v", e.NotRestored)
	case e.Restored:
		return text + "; it has its former version again"
	}
	return text
}

// Unwrap returns what kept the canary from getting its former version.
func (e *CanaryError) Unwrap() error { return e.NotRestored }

// Judge compares an answer with the expectation and returns a sentence for each
// difference, none where all is as expected.
func (e Expectation) Judge(a Answer) []string {
	if a.Fault != "" {
		return []string{fmt.Sprintf("it ended in an error (%s): %s", a.Fault, shorten(a.Payload))}
	}
	if (e.StatusCode != 0 || len(e.JSON) > 0) && !json.Valid(a.Payload) {
		return []string{fmt.Sprintf("its answer is not JSON: %s", shorten(a.Payload))}
	}
	var faults []string
	if e.StatusCode != 0 {
		if got, found := lookUp(a.Payload, "statusCode"); !found || got != strconv.FormatInt(e.StatusCode, 10) {
			faults = append(faults, fmt.Sprintf("statusCode is %s, expected was %d", shown(got, found), e.StatusCode))
		}
	}
	for _, path := range slices.Sorted(maps.Keys(e.JSON)) {
		if got, found := lookUp(a.Payload, path); !found || !sameValue(got, e.JSON[path]) {
			faults = append(faults, fmt.Sprintf("%s is %s, expected was %s", path, shown(got, found), e.JSON[path]))
		}
	}
	if e.MaxDuration > 0 && a.Duration > e.MaxDuration {
		faults = append(faults, fmt.Sprintf("it ran for %d ms, at most %d were expected", a.Duration.Milliseconds(), e.MaxDuration.Milliseconds()))
	}
	return faults
}

// lookUp returns the value at a path: the text of a string, else compact JSON.
func lookUp(payload []byte, path string) (value string, found bool) {
	at := json.RawMessage(payload)
	for name := range strings.SplitSeq(path, ".") {
		if at = member(at, name); at == nil {
			return "", false
		}
	}
	var text string
	if json.Unmarshal(at, &text) == nil && len(at) > 0 && at[0] == '"' {
		return text, true
	}
	var compact bytes.Buffer
	if err := json.Compact(&compact, at); err != nil {
		return "", false
	}
	return compact.String(), true
}

// member returns a member of an object or an element of a list, nil where there
// is none. A string that holds JSON is entered.
func member(value json.RawMessage, name string) json.RawMessage {
	value = bytes.TrimSpace(value)
	var text string
	if len(value) > 0 && value[0] == '"' && json.Unmarshal(value, &text) == nil {
		value = bytes.TrimSpace([]byte(text))
	}
	var object map[string]json.RawMessage
	if len(value) > 0 && value[0] == '{' && json.Unmarshal(value, &object) == nil {
		return object[name]
	}
	var list []json.RawMessage
	index, err := strconv.Atoi(name)
	if err == nil && json.Unmarshal(value, &list) == nil && index >= 0 && index < len(list) {
		return list[index]
	}
	return nil
}

// sameValue compares a value with an expected one, as text or as JSON: "1.0"
// is the number 1, and the order of members does not count.
func sameValue(got, want string) bool {
	if got == want {
		return true
	}
	var a, b any
	if json.Unmarshal([]byte(got), &a) != nil || json.Unmarshal([]byte(want), &b) != nil {
		return false
	}
	x, errX := json.Marshal(a)
	y, errY := json.Marshal(b)
	return errX == nil && errY == nil && bytes.Equal(x, y)
}

func shown(value string, found bool) string {
	if !found {
		return "missing"
	}
	return cmp.Or(shorten([]byte(value)), `""`)
}

// shorten bounds what an error shows of an answer.
func shorten(payload []byte) string {
	const most = 400
	if text := []rune(string(payload)); len(text) > most {
		return string(text[:most]) + "…"
	}
	return string(payload)
}
