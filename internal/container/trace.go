package container

import (
	"encoding/json"
	"strings"

	"google.golang.org/protobuf/encoding/protowire"
)

// traceLines returns what a message of BuildKit says: the names of steps that
// began and are not in told, where they are noted, and the lines that steps
// write. It is a StatusResponse of its Control
// service in base64, of which these fields are read:
//
//	StatusResponse { repeated Vertex vertexes = 1; repeated VertexLog logs = 3; }
//	Vertex { string name = 3; Timestamp started = 5; }
//	VertexLog { bytes msg = 4; }
//
// What cannot be read says nothing: it is a log.
func traceLines(aux json.RawMessage, told map[string]bool) []string {
	var body []byte
	if json.Unmarshal(aux, &body) != nil {
		return nil
	}
	var lines []string
	eachField(body, func(field protowire.Number, value []byte) {
		switch field {
		case 1:
			var name string
			var started bool
			eachField(value, func(field protowire.Number, value []byte) {
				switch field {
				case 3:
					name = string(value)
				case 5:
					started = true
				}
			})
			if started && !told[name] {
				told[name] = true
				lines = append(lines, name)
			}
		case 3:
			eachField(value, func(field protowire.Number, value []byte) {
				if field == 4 {
					lines = append(lines, strings.Split(string(value), "\n")...)
				}
			})
		}
	})
	return lines
}

// eachField shows the length-delimited fields of a protocol buffer, up to the
// first that cannot be read.
func eachField(body []byte, take func(field protowire.Number, value []byte)) {
	for len(body) > 0 {
		field, kind, n := protowire.ConsumeTag(body)
		if n < 0 {
			return
		}
		body = body[n:]
		if n = protowire.ConsumeFieldValue(field, kind, body); n < 0 {
			return
		}
		if kind == protowire.BytesType {
			value, _ := protowire.ConsumeBytes(body) // it was consumed before
			take(field, value)
		}
		body = body[n:]
	}
}
