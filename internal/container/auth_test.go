package container

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-containerregistry/pkg/authn"
	"github.com/google/go-containerregistry/pkg/v1/remote"
)

// The login that the registries of these tests know, as a configuration holds
// it: "someone:s3cret" in base64.
const (
	loginUser, loginSecret = "someone", "s3cret"
	loginText              = "c29tZW9uZTpzM2NyZXQ="
)

// tokens stands before a registry, as Docker Hub's does: everything needs a
// token, which anybody gets for repositories below "public/", and who logs in
// for all others.
func tokens(h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/token" {
			scope := r.FormValue("scope") // repository:NAME:pull
			user, secret, _ := r.BasicAuth()
			switch {
			case user == loginUser && secret == loginSecret:
				scope = "all"
			case r.Method == http.MethodPost && r.FormValue("refresh_token") == "identity-s3cret":
				scope = "all"
			case user != "" || !strings.HasPrefix(scope, "repository:public/"):
				http.Error(w, `{"errors":[{"code":"UNAUTHORIZED","message":"who are you"}]}`, http.StatusUnauthorized)
				return
			}
			_ = json.NewEncoder(w).Encode(map[string]string{"token": "for " + scope, "access_token": "for " + scope})
			return
		}
		given, _ := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer for ")
		name, _, _ := strings.Cut(strings.TrimPrefix(given, "repository:"), ":")
		if given == "all" || name != "" && strings.HasPrefix(r.URL.Path, "/v2/"+name+"/") {
			h.ServeHTTP(w, r)
			return
		}
		repository := strings.TrimPrefix(r.URL.Path, "/v2/")
		for _, kind := range []string{"/manifests/", "/blobs/"} {
			repository, _, _ = strings.Cut(repository, kind)
		}
		challenge := `Bearer realm="http://` + r.Host + `/token",service="test"`
		if repository != "" {
			challenge += `,scope="repository:` + repository + `:pull"`
		}
		w.Header().Set("WWW-Authenticate", challenge)
		http.Error(w, `{"errors":[{"code":"UNAUTHORIZED","message":"who are you"}]}`, http.StatusUnauthorized)
	})
}

// configured returns an environment with the Docker configuration, "HOST"
// standing for the registry.
func configured(t *testing.T, host, config string) func(string) string {
	t.Helper()
	dir := t.TempDir()
	if config != "" {
		if err := os.WriteFile(filepath.Join(dir, "config.json"), []byte(strings.ReplaceAll(config, "HOST", host)), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return func(key string) string {
		return map[string]string{"DOCKER_CONFIG": dir, "XDG_CONFIG_HOME": dir}[key]
	}
}

// pushed writes the image, whatever guards the registry.
func pushed(t *testing.T, image, architecture string, layers ...[]byte) {
	t.Helper()
	login := remote.WithAuth(&authn.Basic{Username: loginUser, Password: loginSecret})
	if err := remote.Write(reference(t, image), imageOf(t, architecture, layers...), login); err != nil {
		t.Fatal(err)
	}
}

func TestTokensOfRegistries(t *testing.T) {
	t.Parallel()
	host := serve(t, tokens)
	for _, name := range []string{"/public/tool:1", "/private/tool:1"} {
		pushed(t, host+name, "amd64", packed(t, file("x", "x")))
	}
	for _, c := range []struct {
		name, image, config, fault string
	}{
		{"anybody", "/public/tool:1", "", ""},
		{"nobody", "/private/tool:1", "", "UNAUTHORIZED"},
		{"login", "/private/tool:1", `{"auths":{"HOST":{"auth":"` + loginText + `"}}}`, ""},
		{"user and password", "/private/tool:1", `{"auths":{"http://HOST/v1/":{"username":"someone","password":"s3cret"}}}`, ""},
		{"identity token", "/private/tool:1", `{"auths":{"HOST":{"auth":"PHRva2VuPjo=","identitytoken":"identity-s3cret"}}}`, ""},
		{"the start of a path", "/private/tool:1", `{"auths":{"HOST/other":{"auth":"eDp5"},"HOST/private":{"auth":"` + loginText + `"}}}`, ""},
		{"wrong password", "/private/tool:1", `{"auths":{"HOST":{"auth":"c29tZW9uZTp3cm9uZw=="}}}`, "UNAUTHORIZED"},
		{"helper, not needed", "/public/tool:1", `{"auths":{"HOST":{}},"credsStore":"absent"}`, ""},
		{"store", "/private/tool:1", `{"auths":{"HOST":{}},"credsStore":"absent"}`, `"docker-credential-absent"`},
		{"helper", "/private/tool:1", `{"credHelpers":{"HOST":"absent-too"}}`, `"docker-credential-absent-too"`},
		{"another's helper", "/private/tool:1", `{"credHelpers":{"registry.example.com":"absent"}}`, "UNAUTHORIZED"},
		{"no text", "/private/tool:1", `{"auths":{"HOST":{"auth":"s3cret-and-no-base64"}}}`, "reading the Docker configuration"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			r := reader(t, false)
			r.getenv = configured(t, host, c.config)
			_, err := r.Resolve(t.Context(), host+c.image, "linux/amd64")
			if c.fault == "" {
				if err != nil {
					t.Errorf("got %v", err)
				}
				return
			}
			if err == nil || !strings.Contains(err.Error(), c.fault) || strings.Contains(err.Error(), "s3cret") {
				t.Fatalf("got %v, want an error that says %s, and no secret", err, c.fault)
			}
			if helper, want := strings.Contains(err.Error(), fmt.Sprintf("keep the credentials of %q", host)), strings.Contains(c.fault, "docker-credential"); helper != want {
				t.Errorf("got %v, want a program that keeps the credentials of %q: %t", err, host, want)
			}
		})
	}
}

func TestRegistryKeys(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"https://index.docker.io/v1/":  "docker.io",
		"registry-1.docker.io":         "docker.io",
		"docker.io":                    "docker.io",
		"index.docker.io/library/x":    "docker.io/library/x",
		"https://Registry.example.com": "registry.example.com",
		"http://localhost:5000/v2/":    "localhost:5000",
		"quay.io/Team/tool":            "quay.io/Team/tool",
	} {
		if got := registryKey(text); got != want {
			t.Errorf("registryKey(%q) = %q, want %q", text, got, want)
		}
	}
}

// TestLoginsOfShortNames has images of Docker Hub, whose names leave the registry out.
func TestLoginsOfShortNames(t *testing.T) {
	t.Parallel()
	c := &credentials{logins: map[string]authn.AuthConfig{"docker.io": {Username: "hub"}, "localhost:5000": {Username: "local"}}}
	for image, want := range map[string]string{
		"alpine:3.22": "hub", "team/tools@sha256:" + strings.Repeat("a", 64): "hub", "docker.io/library/alpine": "hub",
		"localhost:5000/tools:1": "local", "quay.io/team/tools": "",
	} {
		if login, _ := c.login(repositoryOf(image)); login.Username != want {
			t.Errorf("the login for %q is of %q, want %q", image, login.Username, want)
		}
	}
}

// TestConfigurationsOfPodman has the first configuration that knows a registry
// decide, Docker's before Podman's.
func TestConfigurationsOfPodman(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	write := func(name, config string) {
		t.Helper()
		full := filepath.Join(dir, filepath.FromSlash(name))
		if err := errors.Join(os.MkdirAll(filepath.Dir(full), 0o755), os.WriteFile(full, []byte(config), 0o600)); err != nil {
			t.Fatal(err)
		}
	}
	write("docker/config.json", `{"auths":{"a.example.com":{"username":"docker","password":"1"}}}`)
	write("run/containers/auth.json", `{"auths":{"a.example.com":{"username":"podman","password":"2"},"b.example.com":{"username":"podman","password":"2"}}}`)
	write("named.json", `{"auths":{"b.example.com":{"username":"named","password":"3"}}}`)
	env := map[string]string{"DOCKER_CONFIG": filepath.Join(dir, "docker"), "XDG_RUNTIME_DIR": filepath.Join(dir, "run"), "XDG_CONFIG_HOME": dir}
	for _, c := range []struct{ named, host, want string }{
		{"", "a.example.com/x", "docker"},
		{"", "b.example.com/x", "podman"},
		{filepath.Join(dir, "named.json"), "b.example.com/x", "named"},
	} {
		known, err := readCredentials(func(key string) string {
			if key == "REGISTRY_AUTH_FILE" {
				return c.named
			}
			return env[key]
		})
		if err != nil {
			t.Fatal(err)
		}
		if got, _ := known.login(c.host); got.Username != c.want {
			t.Errorf("%s, named %q: got the user %q, want %q", c.host, c.named, got.Username, c.want)
		}
	}
}

func TestCredentialsForEngines(t *testing.T) {
	t.Parallel()
	known, err := readCredentials(configured(t, "registry.example.com", `{"auths":{"https://index.docker.io/v1/":{"auth":"`+loginText+`"},"HOST":{"identitytoken":"id"}},"credHelpers":{"kept.example.com":"absent"}}`))
	if err != nil {
		t.Fatal(err)
	}
	all := known.forEngine()
	if got := all["https://index.docker.io/v1/"]; got.Username != loginUser || got.Password != loginSecret || len(all) != 2 {
		t.Errorf("got %d logins, that of Docker Hub of the user %q", len(all), got.Username)
	}
	for _, c := range []struct{ host, want string }{
		{"registry-1.docker.io", "\x0a\x07someone\x12\x06s3cret"},
		{"registry.example.com", "\x12\x02id"},
		{"other.example.com", ""},
	} {
		message := "\x0a" + string(rune(len(c.host))) + c.host
		if got, ok := answerCall("/moby.filesync.v1.Auth/Credentials", []byte(message), known); !ok || string(got) != c.want {
			t.Errorf("the credentials of %q are %q, %t, want %q", c.host, got, ok, c.want)
		}
	}
	if _, ok := answerCall("/moby.filesync.v1.FileSync/DiffCopy", nil, known); ok {
		t.Error("files of the client were given")
	}
	refused := &BuildError{Reason: "pull access denied: kept.example.com/x: 401 Unauthorized"}
	if err := known.explainBuild(refused); !errors.Is(err, error(refused)) || !strings.Contains(err.Error(), `the program "docker-credential-absent" keep the credentials of "kept.example.com"`) {
		t.Errorf("got %v, want the refusal and the program", err)
	}
	if failed := (&BuildError{Reason: "kept.example.com: exit code 3"}); !errors.Is(known.explainBuild(failed), error(failed)) {
		t.Errorf("got %v", known.explainBuild(failed))
	}
}

// TestUnreadableConfigurationsArePassedOver: a directory stands for a file that
// may not be read, as root may read all.
func TestUnreadableConfigurationsArePassedOver(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if err := os.MkdirAll(filepath.Join(dir, "config.json"), 0o755); err != nil {
		t.Fatal(err)
	}
	env := map[string]string{"DOCKER_CONFIG": dir, "XDG_CONFIG_HOME": dir, "XDG_RUNTIME_DIR": dir}
	getenv := func(name string) string { return env[name] }
	if c, err := readCredentials(getenv); err != nil || len(c.logins) != 0 {
		t.Errorf("credentials %v, %v", c, err)
	}
	env["REGISTRY_AUTH_FILE"] = filepath.Join(dir, "config.json")
	if _, err := readCredentials(getenv); err == nil {
		t.Error("a file that REGISTRY_AUTH_FILE names was passed over")
	}
}
