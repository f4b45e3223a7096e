package container

import (
	"encoding/binary"
	"encoding/json"
	"strings"
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
	eachField(body, func(field uint64, value []byte) {
		switch field {
		case 1:
			var name string
			var started bool
			eachField(value, func(field uint64, value []byte) {
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
			eachField(value, func(field uint64, value []byte) {
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
func eachField(body []byte, take func(field uint64, value []byte)) {
	for len(body) > 0 {
		tag, n := binary.Uvarint(body)
		if n <= 0 {
			return
		}
		body = body[n:]
		size, skip := uint64(0), false
		switch tag & 7 {
		case 0:
			if _, n = binary.Uvarint(body); n <= 0 {
				return
			}
			size, skip = uint64(n), true
		case 1:
			size, skip = 8, true
		case 2:
			if size, n = binary.Uvarint(body); n <= 0 {
				return
			}
			body = body[n:]
		case 5:
			size, skip = 4, true
		default:
			return
		}
		if size > uint64(len(body)) {
			return
		}
		if !skip {
			take(tag>>3, body[:size])
		}
		body = body[size:]
	}
}
