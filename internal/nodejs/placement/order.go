package placement

import "strings"

// foldName returns what two names have in common if they are one folder on
// systems that do not tell case apart.
func foldName(name string) string {
	for i := range len(name) {
		if c := name[i]; c >= 0x80 || 'A' <= c && c <= 'Z' {
			return strings.ToLower(name)
		}
	}
	return name
}
