package imports

import (
	"bytes"
	"encoding/json"
	"strings"
)

// manifest is what package.json says of how a package is entered.
type manifest struct {
	Main    string          `json:"main"`
	Exports json.RawMessage `json:"exports"`
}

// member is a key of an object in "exports", whose order counts.
type member struct {
	key   string
	value json.RawMessage
}

// members reads an object in its order.
func members(raw json.RawMessage) []member {
	d := json.NewDecoder(bytes.NewReader(raw))
	if t, err := d.Token(); err != nil || t != json.Delim('{') {
		return nil
	}
	var all []member
	for d.More() {
		key, err := d.Token()
		name, ok := key.(string)
		var value json.RawMessage
		if err != nil || !ok || d.Decode(&value) != nil {
			return nil
		}
		all = append(all, member{name, value})
	}
	return all
}

// exported returns the file that "exports" has for a subpath such as "." or "./fp",
// under some conditions ("Package entry points" of the Node.js documentation).
func exported(raw json.RawMessage, subpath string, conditions []string) (string, bool) {
	all := members(raw)
	if len(all) == 0 || !strings.HasPrefix(all[0].key, ".") {
		if subpath != "." {
			return "", false
		}
		return target(raw, "", conditions)
	}
	for _, m := range all {
		if m.key == subpath {
			return target(m.value, "", conditions)
		}
	}
	best, found := member{}, ""
	for _, m := range all {
		before, after, ok := strings.Cut(m.key, "*")
		if !ok && strings.HasSuffix(m.key, "/") {
			before, ok = m.key, true // a folder, as older packages write it
		}
		if !ok || !strings.HasPrefix(subpath, before) || !strings.HasSuffix(subpath, after) || len(subpath) < len(m.key)-1 || len(m.key) <= len(best.key) {
			continue
		}
		best, found = m, subpath[len(before):len(subpath)-len(after)]
	}
	if best.key == "" {
		return "", false
	}
	return target(best.value, found, conditions)
}

// target returns the file that a value of "exports" means.
func target(raw json.RawMessage, star string, conditions []string) (string, bool) {
	var text string
	if json.Unmarshal(raw, &text) == nil {
		if strings.HasSuffix(text, "/") && star != "" {
			text += star
		}
		return strings.ReplaceAll(text, "*", star), strings.HasPrefix(text, "./")
	}
	var list []json.RawMessage
	if json.Unmarshal(raw, &list) == nil {
		for _, element := range list {
			if file, ok := target(element, star, conditions); ok {
				return file, true
			}
		}
		return "", false
	}
	for _, m := range members(raw) {
		for _, c := range conditions {
			if m.key != c {
				continue
			}
			if file, ok := target(m.value, star, conditions); ok {
				return file, true
			}
		}
	}
	return "", false
}
