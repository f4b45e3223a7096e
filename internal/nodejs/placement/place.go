// Package placement decides which folder of node_modules each package of a
// project lies in, as npm 11 does for a project without a lock. It does no I/O
// of its own: what it needs to know of packages it asks a [Source].
package placement

import (
	"context"
	"errors"
	"fmt"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/nodejs/manifest"
)

// Place returns the tree of a project. What a user can act on is a *Refusal.
func Place(ctx context.Context, s Source, p *manifest.Project, _ Options) (*Tree, error) {
	taken := map[string]*manifest.Manifest{}
	type turn struct {
		path string
		m    *manifest.Manifest
	}
	tree := &Tree{}
	for turns := []turn{{"", &p.Manifest}}; len(turns) > 0; turns = turns[1:] {
		at := turns[0]
		if len(at.m.PeerDependencies) > 0 {
			return nil, fmt.Errorf("placing %q: %w", at.m.Name, errors.ErrUnsupported)
		}
		for _, e := range at.m.Dependencies {
			spec, err := manifest.ParseSpec(e.Name, e.Spec)
			if err != nil {
				return nil, err
			}
			m, err := s.Choose(ctx, spec)
			if err != nil {
				return nil, &Refusal{Reason: Missing, Demand: Demand{Owner: at.m.Name, OwnerPath: at.path, Name: e.Name, Text: e.Spec, Kind: Plain}, Err: err}
			}
			path := "node_modules/" + e.Name
			if lies, ok := taken[path]; ok {
				if lies == m {
					continue
				}
				path = at.path + "/node_modules/" + e.Name
			}
			taken[path] = m
			tree.Packages = append(tree.Packages, Package{Path: path, Manifest: m})
			turns = append(turns, turn{path, m})
		}
	}
	return tree, nil
}
