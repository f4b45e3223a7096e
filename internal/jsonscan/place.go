package jsonscan

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
)

// Explain returns what keeps a text from being JSON, with its line and column, both
// counted from 1: for texts that a person writes. For JSON it returns err as it is,
// and "" where err is nil too.
func Explain(text []byte, err error) string {
	var whole json.RawMessage
	syntax, ok := errors.AsType[*json.SyntaxError](json.Unmarshal(text, &whole))
	if !ok {
		if err == nil {
			return ""
		}
		return err.Error()
	}
	before := text[:min(max(syntax.Offset-1, 0), int64(len(text)))]
	if strings.HasPrefix(syntax.Error(), "unexpected end") {
		return "it ends before it is complete"
	}
	line := bytes.Count(before, []byte("\n")) + 1
	column := len([]rune(string(before[bytes.LastIndexByte(before, '\n')+1:]))) + 1
	return fmt.Sprintf("line %d, column %d: %s", line, column, syntax)
}
