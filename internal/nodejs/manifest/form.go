package manifest

import (
	"errors"
	"fmt"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/jsonscan"
)

// CheckForm refuses a package.json on disk whose dependencies or workspaces have the
// wrong form: to pass over them, as is done with a manifest of a registry, would leave
// out packages without a word. All faults are one error.
func CheckForm(raw []byte) error {
	var faults []error
	err := jsonscan.EachMember(jsonscan.TrimBOM(raw), func(key string, value []byte) (err error) {
		switch key {
		case "dependencies", "optionalDependencies", "peerDependencies", "devDependencies":
			err = checkDependencies(key, value)
		case "workspaces":
			err = checkWorkspaces(value)
		}
		faults = append(faults, err)
		return nil
	})
	return errors.Join(err, errors.Join(faults...))
}

func checkDependencies(key string, value []byte) error {
	switch jsonscan.FirstByte(value) {
	case '{':
	case 'n':
		return nil // null
	case '[':
		if jsonscan.EachElement(value, func([]byte) error { return errFound }) == nil {
			return nil // what some tools write for an empty object
		}
		fallthrough
	default:
		return fmt.Errorf(`%q is %s: write an object of names and ranges, such as {"lodash": "^4.17.21"}`, key, kindOf(value))
	}
	var faults []error
	err := jsonscan.EachMember(value, func(name string, spec []byte) error {
		if jsonscan.FirstByte(spec) != '"' {
			faults = append(faults, fmt.Errorf(`%q has %s for %q: write a range as a string, such as "^1.2.3"`, key, kindOf(spec), name))
		}
		return nil
	})
	return errors.Join(err, errors.Join(faults...))
}

var errFound = errors.New("there is one")

// checkWorkspaces wants a list of strings, or an object that has it as packages.
func checkWorkspaces(value []byte) error {
	switch jsonscan.FirstByte(value) {
	case '[':
		return jsonscan.EachElement(value, func(pattern []byte) error {
			if jsonscan.FirstByte(pattern) != '"' {
				return fmt.Errorf(`"workspaces" has %s among its patterns: write strings, such as "packages/*"`, kindOf(pattern))
			}
			return nil
		})
	case '{':
		return jsonscan.EachMember(value, func(key string, inner []byte) error {
			switch {
			case key != "packages":
				return nil
			case jsonscan.FirstByte(inner) != '[':
				return fmt.Errorf(`"packages" of "workspaces" is %s: write a list of patterns, such as ["packages/*"]`, kindOf(inner))
			}
			return checkWorkspaces(inner)
		})
	case 'n':
		return nil // null
	}
	return fmt.Errorf(`"workspaces" is %s: write a list of patterns, such as ["packages/*"]`, kindOf(value))
}

// kindOf names what a JSON value is.
func kindOf(value []byte) string {
	switch jsonscan.FirstByte(value) {
	case '{':
		return "an object"
	case '[':
		return "a list"
	case '"':
		return "a string"
	case 'n':
		return "null"
	case 't', 'f':
		return "a boolean"
	}
	return "a number"
}
