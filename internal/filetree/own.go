package filetree

import (
	"fmt"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/filetree/leftout"
)

// leave notes a file that is never packed, for the patterns that name it.
func (s *scanner) leave(name string) {
	for _, p := range s.options.Include {
		if s.left[p] == "" && matchOne(p, name) {
			s.left[p] = name
		}
	}
}

// meet notes the patterns of a file that is packed.
func (s *scanner) meet(name string) {
	for _, p := range s.options.Include {
		if !s.met[p] && matchOne(p, name) {
			s.met[p] = true
		}
	}
}

// checkInclude refuses a pattern that names nothing but what is never packed.
func (s *scanner) checkInclude() error {
	for _, p := range s.options.Include {
		if name := s.left[p]; name != "" && !s.met[p] {
			return &PathError{Path: s.shown(name), Reason: fmt.Sprintf("is what include = [%q] names, and it %s", p, leftout.Reason)}
		}
	}
	return nil
}
