package layer

// Asked returns the keys of Contents of the distributions and packages that were
// asked for, and are not there for another one's sake alone. A Python lock does
// not tell which those are: of it they are the ones that no other one requires,
// such as requests, and not idna beside it.
func (l *Lock) Asked() []string {
	var keys []string
	if l.Python != nil {
		required := map[string]bool{}
		for _, w := range l.Python.Chosen.Wheels {
			for _, name := range w.Requires {
				required[name] = required[name] || name != w.Name
			}
		}
		for _, w := range l.Python.Chosen.Wheels {
			if !required[w.Name] {
				keys = append(keys, "python:"+w.Name)
			}
		}
	}
	if l.NodeJS != nil {
		for _, name := range l.NodeJS.Direct {
			keys = append(keys, "nodejs:"+name)
		}
	}
	return keys
}
