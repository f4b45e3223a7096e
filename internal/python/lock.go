package python

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"path"
	"slices"
	"strconv"
	"strings"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/store"
)

// lockJSON is the encoding of a Lock: a line of text for each wheel, under the
// targets that it serves, so that a state stays small and a plan shows a wheel
// in a line. The graph of requirements is not kept.
type lockJSON struct {
	// Wheels maps targets, joined by ", ", to lines
	// "name==version sha256:<hex> <size> <url>", sorted.
	Wheels map[string][]string `json:"wheels"`
	Notes  []string            `json:"notes,omitempty"`
}

const targetSeparator = ", "

// MarshalJSON writes the same bytes for the same lock.
func (l Lock) MarshalJSON() ([]byte, error) {
	out := lockJSON{Wheels: map[string][]string{}, Notes: l.Notes}
	for _, w := range l.Wheels {
		key := strings.Join(w.Targets, targetSeparator)
		line := fmt.Sprintf("%s==%s sha256:%s %d %s", w.Name, w.Version, w.SHA256, w.Size, w.URL)
		if path.Base(w.URL) != w.Filename {
			line += " " + w.Filename
		}
		out.Wheels[key] = append(out.Wheels[key], line)
	}
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(out); err != nil {
		return nil, fmt.Errorf("encoding wheels: %w", err)
	}
	return b.Bytes(), nil
}

// UnmarshalJSON reads what MarshalJSON wrote.
func (l *Lock) UnmarshalJSON(b []byte) error {
	var in lockJSON
	if err := json.Unmarshal(b, &in); err != nil {
		return fmt.Errorf("reading wheels: %w", err)
	}
	*l = Lock{Wheels: []Wheel{}, Notes: in.Notes}
	for targets, lines := range in.Wheels {
		for _, line := range lines {
			w, err := parseLocked(line)
			if err != nil {
				return err
			}
			w.Targets = strings.Split(targets, targetSeparator)
			l.Wheels = append(l.Wheels, w)
		}
	}
	slices.SortFunc(l.Wheels, func(a, b Wheel) int {
		return cmp.Or(strings.Compare(a.Name, b.Name), strings.Compare(a.Filename, b.Filename))
	})
	return nil
}

// parseLocked reads one line of a lock.
func parseLocked(line string) (Wheel, error) {
	fields := strings.Fields(line)
	if len(fields) != 4 && len(fields) != 5 {
		return Wheel{}, fmt.Errorf("reading the locked wheel %q: want name==version, sha256, size and address", line)
	}
	name, version, ok := strings.Cut(fields[0], "==")
	hex, hashed := strings.CutPrefix(fields[1], "sha256:")
	if !ok || !hashed {
		return Wheel{}, fmt.Errorf("reading the locked wheel %q: want name==version and sha256:…", line)
	}
	digest, err := store.ParseDigest(hex)
	if err != nil {
		return Wheel{}, fmt.Errorf("reading the locked wheel %q: %w", line, err)
	}
	size, err := strconv.ParseInt(fields[2], 10, 64)
	if err != nil {
		return Wheel{}, fmt.Errorf("reading the locked wheel %q: its size: %w", line, err)
	}
	filename := path.Base(fields[3])
	if len(fields) == 5 {
		filename = fields[4]
	}
	tags, err := ParseWheelName(filename)
	if err != nil {
		return Wheel{}, fmt.Errorf("reading the locked wheel %q: %w", line, err)
	}
	return Wheel{
		Name: name, Version: version, Filename: filename, URL: fields[3],
		SHA256: digest, Size: size, Pure: tags.Pure(),
	}, nil
}
