// Package secret knows what must not be shown or kept. A [Keeper] knows values
// by where they came from: the environment, netrc, settings, tokens that were
// made. Show knows secrets by their form as well, and is what every text for
// people goes through: diagnostics and log lines.
package secret

import (
	"cmp"
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

type value struct{ name, text string }

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
	k.values = append(k.values, value{name, text})
	slices.SortStableFunc(k.values, func(a, b value) int { return cmp.Compare(len(b.text), len(a.text)) })
}

// Conceal returns the text with the variable in place of each value that came
// from one, "${NPM_TOKEN}", and "(hidden)" in place of the others. What is kept
// in a state or a lock is concealed.
func (k *Keeper) Conceal(text string) string {
	if k == nil {
		return text
	}
	k.mu.RLock()
	defer k.mu.RUnlock()
	for _, v := range k.values {
		text = strings.ReplaceAll(text, v.text, v.placeholder())
	}
	return text
}

// Reveal returns the text with the values of the variables that it names, as far
// as they are known: the opposite of Conceal.
func (k *Keeper) Reveal(text string) string {
	if k == nil || !strings.Contains(text, "${") {
		return text
	}
	k.mu.RLock()
	defer k.mu.RUnlock()
	for _, v := range k.values {
		if v.name != "" {
			text = strings.ReplaceAll(text, v.placeholder(), v.text)
		}
	}
	return text
}

// Show returns a text that people may see: without the values that the Keeper
// knows, and as the function Show does.
func (k *Keeper) Show(text string) string { return Show(k.Conceal(text)) }

func (v value) placeholder() string {
	if v.name == "" {
		return hidden
	}
	return "${" + v.name + "}"
}
