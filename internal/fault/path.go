package fault

import (
	"slices"
	"strconv"
	"strings"
)

// Path names an argument, such as python.index[0].url. The zero path names the
// whole resource. A path does not change: its methods return longer ones.
type Path struct{ steps []Step }

// Step is one part of a path: the name of an argument, an index into a list, or
// a key of a map.
type Step struct {
	Kind  StepKind
	Name  string // of an argument, or the key
	Index int
}

// StepKind says which field of a Step counts.
type StepKind int

// The kinds of steps.
const (
	Argument StepKind = iota
	Element
	MapKey
)

// At returns the path of an argument, from the outermost name to the innermost:
// At("python", "requirements") is python.requirements.
func At(names ...string) Path { return Path{}.At(names...) }

// At returns the path of an argument within p.
func (p Path) At(names ...string) Path {
	steps := slices.Clone(p.steps)
	for _, name := range names {
		steps = append(steps, Step{Kind: Argument, Name: name})
	}
	return Path{steps}
}

// Index returns the path of an element of the list p, counted from 0.
func (p Path) Index(i int) Path {
	return Path{append(slices.Clone(p.steps), Step{Kind: Element, Index: i})}
}

// Key returns the path of an element of the map p.
func (p Path) Key(key string) Path {
	return Path{append(slices.Clone(p.steps), Step{Kind: MapKey, Name: key})}
}

// IsZero reports whether p names no argument.
func (p Path) IsZero() bool { return len(p.steps) == 0 }

// Steps returns the parts of p, outermost first.
func (p Path) Steps() []Step { return slices.Clone(p.steps) }

// Root returns the name of the outermost argument, "" of the zero path.
func (p Path) Root() string {
	if p.IsZero() {
		return ""
	}
	return p.steps[0].Name
}

// Equal reports whether two paths name the same argument.
func (p Path) Equal(other Path) bool { return slices.Equal(p.steps, other.steps) }

// String returns the path as a configuration writes it:
// nodejs.dependencies["lodash"]. It is for people: nothing reads it back.
func (p Path) String() string {
	var b strings.Builder
	for i, s := range p.steps {
		switch s.Kind {
		case Element:
			b.WriteString("[" + strconv.Itoa(s.Index) + "]")
		case MapKey:
			b.WriteString("[" + strconv.Quote(s.Name) + "]")
		default:
			if i > 0 {
				b.WriteByte('.')
			}
			b.WriteString(s.Name)
		}
	}
	return b.String()
}
