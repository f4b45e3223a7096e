package container

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"unicode"
	"unicode/utf8"
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
	told := map[string]bool{}
	say := func(line string) {
		if line = plainLine(line); line == "" {
			return
		}
		log(line)
		if tail = append(tail, line); len(tail) > logTail {
			tail = tail[1:]
		}
	}
	bounded := &io.LimitedReader{R: in}
	decoder := json.NewDecoder(bounded)
	for {
		var m message
		bounded.N = maxMessage
		err := decoder.Decode(&m)
		if bounded.N <= 0 {
			return "", fmt.Errorf("reading what the engine says of the build: one message has more than %d bytes", int64(maxMessage))
		}
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
			return "", &BuildError{Reason: strings.TrimSpace(reason), Log: tail}
		}
		if m.ID == "moby.buildkit.trace" {
			for _, line := range traceLines(m.Aux, told) {
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

// maxMessage bounds a message of the engine, in bytes: the largest hold some hundred
// lines of the log.
const maxMessage = 16 << 20

// maxLine bounds a line of the log, in bytes.
const maxLine = 1000

// plainLine returns what a terminal shows of a line in the end: what stands
// behind its last carriage return, without what colours it and moves about.
func plainLine(line string) string {
	line = strings.TrimRight(line, " \r\n\t")
	line = line[strings.LastIndexByte(line, '\r')+1:]
	if len(line) > maxLine {
		line = line[:maxLine]
	}
	var b strings.Builder
	for len(line) > 0 {
		if rest, ok := strings.CutPrefix(line, "\x1b["); ok {
			end := strings.IndexFunc(rest, func(r rune) bool { return r >= '@' && r <= '~' })
			line = rest[end+1:]
			if end < 0 {
				break
			}
			continue
		}
		r, size := utf8.DecodeRuneInString(line)
		if r == '\t' || unicode.IsPrint(r) && r != utf8.RuneError {
			b.WriteString(line[:size])
		}
		line = line[size:]
	}
	return b.String()
}
