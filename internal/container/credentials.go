package container

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/google/go-containerregistry/pkg/authn"
	"github.com/google/go-containerregistry/pkg/v1/remote/transport"
	registryapi "github.com/moby/moby/api/types/registry"
)

// hub is the one name under which the many names of Docker Hub are looked up,
// hubKey the one that engines look it up by.
const (
	hub    = "docker.io"
	hubKey = "https://index.docker.io/v1/"
)

// keptElsewhere says of a refusal that the credentials of the registry are kept by a
// program. No program is run to ask for them.
func keptElsewhere(refusal error, registry, program string) error {
	return fmt.Errorf("%w; the Docker configuration has the program %q keep the credentials of %q, and no program is run: "+
		"write them into a configuration as {\"auths\": {%q: {\"auth\": \"<user:password in base64>\"}}}, and name its folder in DOCKER_CONFIG", refusal, program, registry, registry)
}

// credentials are what the configurations of Docker and Podman say of
// registries. Keys are hosts, or hosts with the start of a path.
type credentials struct {
	logins  map[string]authn.AuthConfig
	helpers map[string]string // the programs that keep the others
}

var _ authn.Keychain = (*credentials)(nil)

// dockerFolder returns the folder of the Docker configuration, "" where there
// is no home either.
func dockerFolder(getenv func(string) string) string {
	if dir := getenv("DOCKER_CONFIG"); dir != "" {
		return dir
	}
	home, err := os.UserHomeDir()
	if err != nil || home == "" {
		return ""
	}
	return filepath.Join(home, ".docker")
}

// credentialFiles returns where credentials may lie, the first to be preferred.
func credentialFiles(getenv func(string) string) []string {
	var files []string
	if dir := dockerFolder(getenv); dir != "" {
		files = append(files, filepath.Join(dir, "config.json"))
	}
	files = append(files, getenv("REGISTRY_AUTH_FILE"))
	if dir := getenv("XDG_RUNTIME_DIR"); dir != "" {
		files = append(files, filepath.Join(dir, "containers", "auth.json"))
	}
	config := getenv("XDG_CONFIG_HOME")
	if home, err := os.UserHomeDir(); config == "" && err == nil {
		config = filepath.Join(home, ".config")
	}
	if config != "" {
		files = append(files, filepath.Join(config, "containers", "auth.json"))
	}
	return slices.DeleteFunc(files, func(name string) bool { return name == "" })
}

// readCredentials reads all configurations. Their errors hold no credential.
func readCredentials(getenv func(string) string) (*credentials, error) {
	c := &credentials{logins: map[string]authn.AuthConfig{}, helpers: map[string]string{}}
	for _, name := range credentialFiles(getenv) {
		var config struct {
			Auths       map[string]authn.AuthConfig `json:"auths"`
			CredHelpers map[string]string           `json:"credHelpers"`
			CredsStore  string                      `json:"credsStore"`
		}
		err := readJSON(name, &config)
		if _, unreadable := errors.AsType[*fs.PathError](err); unreadable && (name != getenv("REGISTRY_AUTH_FILE") || errors.Is(err, fs.ErrNotExist)) {
			continue // as Docker does
		}
		if err != nil {
			return nil, err
		}
		for key, login := range config.Auths {
			key = registryKey(key)
			if _, known := c.logins[key]; known || c.helpers[key] != "" {
				continue
			}
			if login != (authn.AuthConfig{}) {
				c.logins[key] = login
			} else if config.CredsStore != "" {
				c.helpers[key] = "docker-credential-" + config.CredsStore
			}
		}
		for key, helper := range config.CredHelpers {
			key = registryKey(key)
			c.helpers[key] = cmp.Or(c.helpers[key], "docker-credential-"+helper)
		}
	}
	return c, nil
}

// registryKey makes one form of the many in which a registry is written.
func registryKey(text string) string {
	for _, scheme := range []string{"https://", "http://"} {
		text = strings.TrimPrefix(text, scheme)
	}
	text = strings.TrimSuffix(text, "/")
	for _, version := range []string{"/v1", "/v2"} {
		text = strings.TrimSuffix(text, version)
	}
	host, rest, _ := strings.Cut(text, "/")
	switch host = strings.ToLower(host); host {
	case "index.docker.io", "registry-1.docker.io", "registry.hub.docker.com":
		host = hub
	}
	if rest != "" {
		return host + "/" + rest
	}
	return host
}

// login returns the credentials of a repository, or of a registry: those of the
// longest key that it begins with.
func (c *credentials) login(repository string) (authn.AuthConfig, bool) {
	return longest(c.logins, repository)
}

func longest[V any](of map[string]V, repository string) (V, bool) {
	for key := registryKey(repository); ; {
		if v, ok := of[key]; ok {
			return v, true
		}
		cut := strings.LastIndexByte(key, '/')
		if cut < 0 {
			var none V
			return none, false
		}
		key = key[:cut]
	}
}

// Resolve returns the credentials of a repository, none where a program keeps
// them: most images can be read by anybody.
func (c *credentials) Resolve(target authn.Resource) (authn.Authenticator, error) {
	if login, ok := c.login(target.String()); ok {
		return authn.FromConfig(login), nil
	}
	return authn.Anonymous, nil
}

// explain names the program that keeps the credentials of a registry that
// refused.
func (c *credentials) explain(repository string, err error) error {
	refused, ok := errors.AsType[*transport.Error](err)
	if !ok || refused.StatusCode != statusUnauthorized && refused.StatusCode != statusForbidden {
		return err
	}
	if _, known := c.login(repository); known {
		return err
	}
	if program, kept := longest(c.helpers, repository); kept {
		host, _, _ := strings.Cut(registryKey(repository), "/")
		return keptElsewhere(err, host, program)
	}
	return err
}

const (
	statusUnauthorized = 401
	statusForbidden    = 403
)

// explainBuild is explain for what an engine says.
func (c *credentials) explainBuild(err error) error {
	failed, ok := errors.AsType[*BuildError](err)
	if !ok {
		return err
	}
	reason := strings.ToLower(failed.Error())
	refusal := func(word string) bool { return strings.Contains(reason, word) }
	if !slices.ContainsFunc([]string{"401", "403", "unauthorized", "denied", "authoriz", "credential"}, refusal) {
		return err
	}
	for key, program := range c.helpers {
		if _, known := c.logins[key]; !known && strings.Contains(reason, key) {
			return keptElsewhere(err, key, program)
		}
	}
	return err
}

// forEngine returns all credentials as a build by Docker's own builder, or by
// Podman, is sent them.
func (c *credentials) forEngine() map[string]registryapi.AuthConfig {
	all := map[string]registryapi.AuthConfig{}
	for key, login := range c.logins {
		if key == hub {
			key = hubKey
		}
		sent := engineLogin(login)
		sent.ServerAddress = key
		all[key] = sent
	}
	return all
}

// engineLogin returns a login as engines are sent it.
func engineLogin(login authn.AuthConfig) registryapi.AuthConfig {
	return registryapi.AuthConfig{
		Username: login.Username, Password: login.Password, IdentityToken: login.IdentityToken, RegistryToken: login.RegistryToken,
	}
}
