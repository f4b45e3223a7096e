package native

import (
	"slices"
	"strings"
)

// pythonName is a name of Python's C API that not every CPython exports, with the
// minor versions of CPython 3 that export it first and last.
type pythonName struct {
	name         string
	since, until int8
}

// notePython notes what a use of one of CPython's names means for the versions that
// can load the file.
func (f *Facts) notePython(name string) {
	i, ok := slices.BinarySearchFunc(pythonNames[:], name, func(n pythonName, name string) int { return strings.Compare(n.name, name) })
	if !ok {
		return
	}
	if minor := int(pythonNames[i].since); minor > f.PythonMinor {
		f.PythonMinor, f.PythonSymbol = minor, name
	}
	if minor := int(pythonNames[i].until); minor > 0 && (f.PythonLast == 0 || minor < f.PythonLast) {
		f.PythonLast, f.PythonGone = minor, name
	}
}
