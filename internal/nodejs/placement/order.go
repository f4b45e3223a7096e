package placement

import (
	"strings"

	"golang.org/x/text/unicode/norm"
)

// alphabet has the printable characters in the order of the Unicode collation
// for English, by which npm sorts names and whole paths.
const alphabet = " _-,;:!?.'\"()[]{}@*/\\&#%`^+<=>|~$0123456789abcdefghijklmnopqrstuvwxyz"

// weights has the place of each byte in the alphabet; letters of both cases
// have one. What is not ASCII follows by its code.
var weights = func() (w [256]byte) {
	for i := range len(alphabet) {
		w[alphabet[i]] = byte(i + 1)
	}
	for c := 'A'; c <= 'Z'; c++ {
		w[c] = w[c+'a'-'A']
	}
	for c := 0x80; c < 0x100; c++ {
		w[c] = byte(c)
	}
	return w
}()

// compareNames compares two names or paths as npm sorts them: first without
// regard to case; if they are equal so, lower case comes first.
func compareNames(a, b string) int {
	for i := range min(len(a), len(b)) {
		if x, y := weights[a[i]], weights[b[i]]; x != y {
			return int(x) - int(y)
		}
	}
	if len(a) != len(b) {
		return len(a) - len(b)
	}
	return -strings.Compare(a, b) // upper case has the lower codes
}

// foldName returns what two names have in common if they are one folder on
// systems that do not tell case apart.
func foldName(name string) string {
	plain := true
	for i := range len(name) {
		if c := name[i]; c >= 0x80 || 'A' <= c && c <= 'Z' {
			plain = false
			break
		}
	}
	if plain {
		return name
	}
	return strings.ToLower(norm.NFKD.String(name))
}
