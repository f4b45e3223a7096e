package filetree

// Ignores are the lines of one file in the form of gitignore ("PATTERN FORMAT"
// in gitignore(5)); case counts on every system.
type Ignores struct{ rules ignoreRules }

// ParseIgnores reads such a file, which lies in the folder dir; "" is the root.
// A class by name, such as [[:alpha:]], is an error.
func ParseIgnores(body []byte, dir string) (*Ignores, error) {
	rules, err := parseIgnore(body, dir)
	return &Ignores{rules}, err
}

// Decide says what the lines say of a path: ignored, taken back, or nothing.
// They say nothing of what is outside of their folder. Folders above the path
// are not looked at.
func (i *Ignores) Decide(name string, isDir bool) (ignored, decided bool) {
	return i.rules.verdict(name, isDir)
}
