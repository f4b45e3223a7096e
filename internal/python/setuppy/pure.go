package setuppy

import (
	"slices"
	"strings"
)

// harmless are names of functions and methods that change nothing, whatever
// they are called on.
var harmless = strings.Fields(`open read readlines close strip lstrip rstrip split rsplit splitlines startswith endswith join replace lower upper
	str int len group groups match search findall sub compile parse literal_eval format sorted reversed enumerate zip range map
	filter list tuple dict set get items keys values next iter isinstance intersection dirname abspath basename exists isfile encode decode`)

// pure reports whether code calls nothing but what is harmless, and opens files
// for reading alone. It may be wrong about code that is pure.
func pure(code []token) bool {
	for i, t := range code {
		calls := i+1 < len(code) && code[i+1].kind == operator && code[i+1].text == "("
		switch {
		case t.kind == name && calls && !slices.Contains(harmless, t.text) && !slices.Contains(keywords, t.text):
			return false
		case t.kind == name && slices.Contains([]string{"import", "environ", "exec", "eval", "del", "global", "nonlocal", "lambda", "setup"}, t.text):
			return false
		case t.kind == operator && (t.text == "@" || t.text == ")" && calls || t.text == "]" && calls):
			return false
		case t.kind == odd || t.kind == text && t.text != "" && strings.Trim(t.text, "wax+bt") == "":
			return false
		}
	}
	return true
}
