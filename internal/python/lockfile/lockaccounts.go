package lockfile

import (
	"fmt"
	"os"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/python/configuration"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/secret"
)

// account is an index that a lock file names, as it names it: Pipenv's addresses
// may hold variables, and Poetry's have a name that variables are made of.
type account struct {
	name, address string
	poetry        bool
}

// Expand returns the addresses of the indexes that the lock file names, with
// their credentials, and replaces the variables in Pins. As Pipenv does, it puts
// the environment's values for $NAME and ${NAME} of Pipfile.lock's sources; a
// variable that is not set is a *Error. As Poetry does, it takes user and
// password of an index from POETRY_HTTP_BASIC_<NAME>_USERNAME and _PASSWORD. parts are the values of
// variables in the paths of the addresses.
func (f *LockFile) Expand(getenv func(string) string) (addresses []string, parts []secret.Part, err error) {
	for _, a := range f.accounts {
		if a.poetry {
			variable := "POETRY_HTTP_BASIC_" + configuration.VariableName(a.name)
			addresses = append(addresses, configuration.WithUser(a.address, getenv(variable+"_USERNAME"), getenv(variable+"_PASSWORD")))
			continue
		}
		missing, values := "", map[string]string{}
		expanded := os.Expand(a.address, func(name string) string {
			value := getenv(name)
			values[name] = value
			if value == "" {
				missing = name
			}
			return value
		})
		if missing != "" {
			return nil, nil, &Error{File: f.File, Reason: fmt.Sprintf("the address of its source %q has the variable %s, which is not set", a.name, missing)}
		}
		for i := range f.Pins {
			if f.Pins[i].Index == configuration.WithoutUser(a.address) {
				f.Pins[i].Index = configuration.WithoutUser(expanded)
			}
		}
		addresses = append(addresses, expanded)
		parts = append(parts, secret.Parts(expanded, values)...)
	}
	return addresses, parts, nil
}
