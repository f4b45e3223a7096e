package manifest

import "strings"

// collation holds printable ASCII in the order of the Unicode root collation,
// by which npm sorts names and paths. Letters of both cases are one until the
// whole text is equal; then the lower case comes first.
const collation = " _-,;:!?.'\"()[]{}@*/\\&#%`^+<=>|~$0123456789abcdefghijklmnopqrstuvwxyz"

// CollationKey returns a text that sorts by its bytes as s does in npm.
// Characters outside ASCII follow all others, by their code.
func CollationKey(s string) string {
	key := make([]byte, 0, 2*len(s)+1)
	for i := range len(s) {
		key = append(key, collationWeight(s[i]))
	}
	key = append(key, 0)
	for i := range len(s) {
		if 'A' <= s[i] && s[i] <= 'Z' {
			key = append(key, 2)
		} else {
			key = append(key, 1)
		}
	}
	return string(key)
}

func collationWeight(c byte) byte {
	switch {
	case 'A' <= c && c <= 'Z':
		c += 'a' - 'A'
	case c >= 0x80:
		return c
	}
	return byte(strings.IndexByte(collation, c) + 1)
}

// Collate compares two names or paths as npm does.
func Collate(a, b string) int { return strings.Compare(CollationKey(a), CollationKey(b)) }
