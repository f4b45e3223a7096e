package container

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
)

// logTail is how many lines of a failed build are shown.
const logTail = 20

// message is one of those that an engine writes while it builds.
type message struct {
	Stream      string `json:"stream"`
	Status      string `json:"status"`
	ID          string `json:"id"`
	Error       string `json:"error"`
	ErrorDetail struct {
		Message string `json:"message"`
	} `json:"errorDetail"`
	Aux json.RawMessage `json:"aux"`
}

// readProgress reads the engine's messages to their end and returns the id of
// the image that was built.
func readProgress(ctx context.Context, in io.Reader, log func(string)) (id string, err error) {
	var tail []string
	say := func(line string) {
		if line = strings.TrimRight(line, " \r\n\t"); line == "" {
			return
		}
		log(line)
		if tail = append(tail, line); len(tail) > logTail {
			tail = tail[1:]
		}
	}
	decoder := json.NewDecoder(in)
	for {
		var m message
		err := decoder.Decode(&m)
		if errors.Is(err, io.EOF) {
			break
		}
		if ctx.Err() != nil {
			return "", fmt.Errorf("building the image: %w", context.Cause(ctx))
		}
		if err != nil {
			return "", fmt.Errorf("reading what the engine says of the build: %w", err)
		}
		for line := range strings.Lines(m.Stream) {
			say(line)
		}
		if reason := m.Error + m.ErrorDetail.Message; reason != "" {
			if m.ErrorDetail.Message != "" {
				reason = m.ErrorDetail.Message
			}
			return "", &BuildError{Reason: reason, Log: tail}
		}
		if m.ID == "moby.buildkit.trace" {
			for _, line := range traceLines(m.Aux) {
				say(line)
			}
			continue
		}
		var aux struct{ ID string }
		if len(m.Aux) > 0 && json.Unmarshal(m.Aux, &aux) == nil && aux.ID != "" {
			id = aux.ID
		}
	}
	if id == "" {
		return "", &BuildError{Reason: "the engine names no image at the end", Log: tail}
	}
	return id, nil
}
