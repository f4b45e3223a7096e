package layer

// Asked returns the keys of Contents of the distributions and packages that were
// asked for, and are not there for another one's sake alone. Of Python they are the
// ones that no other one requires: see [python.Lock.Asked].
func (l *Lock) Asked() []string {
	var keys []string
	if l.Python != nil {
		keys = append(keys, l.Python.Asked()...)
	}
	if l.NodeJS != nil {
		keys = append(keys, l.NodeJS.Asked()...)
	}
	return keys
}
