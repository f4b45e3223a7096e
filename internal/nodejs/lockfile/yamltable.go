package lockfile

import (
	"errors"
	"fmt"

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

// checkYAML refuses a lock file that would take long to read.
func (r *lockReader) checkYAML(b []byte) error {
	if err := filetree.CheckLimit("", "bytes", len(b), filetree.MaxYAML); err != nil {
		return &locked.Error{File: r.title, Reason: err.Error(), Err: err}
	}
	return nil
}
