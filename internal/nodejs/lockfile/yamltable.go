package lockfile

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"

	"go.yaml.in/yaml/v3"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/filetree"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/nodejs/locked"
)

// table is a mapping of YAML whose reading takes time in proportion to its length:
// the decoder compares each key of a map with all others.
type table[V any] map[string]V

// UnmarshalYAML reads a mapping. A key that comes twice is an error.
func (t *table[V]) UnmarshalYAML(node *yaml.Node) error {
	if node.Kind != yaml.MappingNode {
		return fmt.Errorf("line %d is not a mapping", node.Line)
	}
	*t = make(table[V], len(node.Content)/2)
	for i := 0; i+1 < len(node.Content); i += 2 {
		key := node.Content[i]
		if key.Kind != yaml.ScalarNode {
			return fmt.Errorf("the key in line %d is not a text", key.Line)
		}
		if _, twice := (*t)[key.Value]; twice {
			return fmt.Errorf("the key %q in line %d is there twice", key.Value, key.Line)
		}
		var v V
		if err := node.Content[i+1].Decode(&v); err != nil {
			return err
		}
		(*t)[key.Value] = v
	}
	return nil
}

// wishes are what an entry says of the dependencies of a package.
type wishes struct {
	Dependencies         table[string]                  `yaml:"dependencies"`
	OptionalDependencies table[string]                  `yaml:"optionalDependencies"`
	DependenciesMeta     table[struct{ Optional bool }] `yaml:"dependenciesMeta"`
	PeerDependencies     table[string]                  `yaml:"peerDependencies"`
	PeerDependenciesMeta table[struct{ Optional bool }] `yaml:"peerDependenciesMeta"`
}

// edges returns the wishes: of two with one name that of the later kind counts.
func (e wishes) edges() []locked.Edge {
	all := map[string]locked.Edge{}
	for name, spec := range e.PeerDependencies {
		all[name] = locked.Edge{Name: name, Spec: spec, Kind: locked.Peer}
	}
	for name, meta := range e.PeerDependenciesMeta {
		if meta.Optional {
			all[name] = locked.Edge{Name: name, Spec: e.PeerDependencies[name], Kind: locked.PeerOptional}
		}
	}
	for name, spec := range e.Dependencies {
		all[name] = locked.Edge{Name: name, Spec: spec}
		if e.DependenciesMeta[name].Optional {
			all[name] = locked.Edge{Name: name, Spec: spec, Kind: locked.Optional}
		}
	}
	for name, spec := range e.OptionalDependencies {
		all[name] = locked.Edge{Name: name, Spec: spec, Kind: locked.Optional}
	}
	return locked.SortEdges(slices.Collect(maps.Values(all)))
}

// errAlias refuses references within a document: a few lines of them stand for any
// number of nodes, and no tool writes them into a lock file.
var errAlias = errors.New("it refers to parts of itself (an anchor or an alias), which no lock file does")

// withoutAliases refuses a document with references.
func withoutAliases(document *yaml.Node) error {
	for queue := []*yaml.Node{document}; len(queue) > 0; {
		node := queue[len(queue)-1]
		queue = append(queue[:len(queue)-1], node.Content...)
		if node.Kind == yaml.AliasNode || node.Anchor != "" {
			return fmt.Errorf("line %d: %w", node.Line, errAlias)
		}
	}
	return nil
}

// eachDocument shows visit the documents of a YAML file. One that would take long to
// read is refused.
func (r *lockReader) eachDocument(b []byte, visit func(document *yaml.Node) error) error {
	if err := filetree.CheckLimit("", "bytes", len(b), filetree.MaxYAML); err != nil {
		return &locked.Error{File: r.title, Reason: err.Error(), Err: err}
	}
	for documents := yaml.NewDecoder(bytes.NewReader(b)); ; {
		var document yaml.Node
		err := documents.Decode(&document)
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err == nil {
			err = withoutAliases(&document)
		}
		if err == nil {
			err = visit(&document)
		}
		if _, told := errors.AsType[*locked.Error](err); told {
			return err
		}
		if err != nil {
			return &locked.Error{File: r.title, Reason: "it is not YAML that " + r.lock.Tool.Command() + " writes", Err: err}
		}
	}
}
