package provider

import "errors"

// restrict refuses what only Unix has: the soak test does not ask for it here.
func restrict(run soakRun) error {
	if run.MaxFile > 0 || run.Nobody {
		return errors.New("windows cannot restrict a process like this")
	}
	return nil
}
