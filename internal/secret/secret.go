// Package secret knows what must not be shown or kept. A [Keeper] knows values
// by where they came from: the environment, netrc, settings, tokens that were
// made. Show knows secrets by their form as well, and is what every text for
// people goes through: diagnostics and log lines.
package secret

import (
	"cmp"
	"maps"
	"net/url"
	"slices"
	"strings"
	"sync"
)

// minLength is the length in bytes from which a value is looked for in any text.
// A shorter one would be found in words that have nothing to do with it.
const minLength = 6

// Keeper knows secret values. The zero Keeper knows none; a nil one neither. It
// is safe for concurrent use.
type Keeper struct {
	mu     sync.RWMutex
	values []value // longest first: one may hold another
}

type value struct {
	name, text string
	hosts      []string // in whose addresses it may be put back
}

// Learn makes a value known. name is the variable that it came from, such as
// "NPM_TOKEN", or "" where it has no name.
func (k *Keeper) Learn(name, text string) {
	if k == nil || len(text) < minLength {
		return
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	for i, v := range k.values {
		if v.text == text {
			if v.name == "" {
				k.values[i].name = name
			}
			return
		}
	}
	k.values = append(k.values, value{name: name, text: text})
	slices.SortStableFunc(k.values, func(a, b value) int { return cmp.Compare(len(b.text), len(a.text)) })
}

// Part is the value of a variable that stands in the path of an address of a host.
type Part struct{ Name, Value, Host string }

// Parts returns which of the variables' values, by their names, stand in the path of
// an address. A value of less than six bytes is none.
func Parts(address string, values map[string]string) []Part {
	u, err := url.Parse(address)
	if err != nil || u.Host == "" {
		return nil
	}
	var parts []Part
	for _, name := range slices.Sorted(maps.Keys(values)) {
		value := values[name]
		if escaped := (&url.URL{Path: value}).EscapedPath(); !strings.Contains(u.EscapedPath(), value) {
			value = escaped
		}
		if len(value) >= minLength && strings.Contains(u.EscapedPath(), value) {
			parts = append(parts, Part{Name: name, Value: value, Host: u.Host})
		}
	}
	return parts
}

// LearnPart makes a value known that the user wrote as a variable into the address
// of a host, such as https://host/${NPM_TOKEN}/. It is put back into addresses of
// that host alone: an address that a stranger names gets none.
func (k *Keeper) LearnPart(name, text, host string) {
	k.Learn(name, text)
	if k == nil || name == "" {
		return
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	for i := range k.values {
		if v := &k.values[i]; v.text == text && !slices.Contains(v.hosts, host) {
			v.hosts = append(v.hosts, host)
		}
	}
}

// Conceal returns a text that is kept, in a state, a lock or a cache, with the
// variables in place of the values that were learnt as parts of a host's addresses:
// "${NPM_TOKEN}". If the name of the variable says that the value is secret, Conceal
// replaces the value in addresses of other hosts too. Reveal never puts it back there.
func (k *Keeper) Conceal(text, host string) string {
	return k.replace(text, func(v value) bool {
		return slices.Contains(v.hosts, host) || len(v.hosts) > 0 && NamesVariable(v.name)
	})
}

// replace puts placeholders in the place of values.
func (k *Keeper) replace(text string, which func(value) bool) string {
	if k == nil {
		return text
	}
	k.mu.RLock()
	defer k.mu.RUnlock()
	for _, v := range k.values {
		if which(v) {
			text = strings.ReplaceAll(text, v.text, v.placeholder())
		}
	}
	return text
}

// Reveal returns an address of a host with the values of the variables that stand
// in it, as far as they were learnt as parts of its addresses.
func (k *Keeper) Reveal(address, host string) string {
	if k == nil || !strings.Contains(address, "${") {
		return address
	}
	k.mu.RLock()
	defer k.mu.RUnlock()
	for _, v := range k.values {
		if v.name != "" && slices.Contains(v.hosts, host) {
			address = strings.ReplaceAll(address, v.placeholder(), v.text)
		}
	}
	return address
}

// Show returns a text that people may see, as the function Show does: with a
// variable, or "(hidden)", in the place of each value that the Keeper knows.
func (k *Keeper) Show(text string) string {
	return Show(k.replace(text, func(value) bool { return true }))
}

func (v value) placeholder() string {
	if v.name == "" {
		return hidden
	}
	return "${" + v.name + "}"
}
