//go:build !linux

package store

import "errors"

// exchange cannot swap two folders in one step.
func exchange(string, string) error { return errors.ErrUnsupported }
