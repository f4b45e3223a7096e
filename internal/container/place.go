package container

import (
	"cmp"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/moby/moby/client"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/fetch"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/filetree"
)

// place is where an engine listens.
type place struct {
	host string
	// tls holds for an engine that is reached by TCP; nil is without TLS.
	tls *tls.Config
}

func (p place) options(version string) []client.Opt {
	options := []client.Opt{client.WithAPIVersion(version)}
	if p.tls != nil {
		options = append(options, client.WithHTTPClient(fetch.TLSClient(p.tls)))
	}
	return append(options, client.WithHost(p.host))
}

// readTLS returns the settings of TLS from the files of a folder, of which any
// may be missing: ca.pem, the only authority then, and cert.pem with key.pem.
func readTLS(dir string, unverified bool) (*tls.Config, error) {
	settings := &tls.Config{MinVersion: tls.VersionTLS12, InsecureSkipVerify: unverified} //nolint:gosec // where the user said so
	body, err := filetree.ReadSmall(filepath.Join(dir, "ca.pem"), filetree.MaxSettings)
	if err == nil {
		settings.RootCAs = x509.NewCertPool()
		if !settings.RootCAs.AppendCertsFromPEM(body) {
			err = errors.New("ca.pem holds no certificate")
		}
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("reading the certificates of the container engine in %q: %w", dir, err)
	}
	own, err := tls.LoadX509KeyPair(filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem"))
	if errors.Is(err, fs.ErrNotExist) {
		return settings, nil
	}
	if err != nil {
		return nil, fmt.Errorf("reading the certificate for the container engine in %q: %w", dir, err)
	}
	settings.Certificates = []tls.Certificate{own}
	return settings, nil
}

// newPlace returns an engine; one that is reached by TCP has the TLS of the files in a
// folder, "" for none. A host that is reached by running another program is refused.
func newPlace(host, dir string, unverified bool) (p place, err error) {
	p.host = host
	switch {
	case strings.HasPrefix(host, "ssh://"):
		return place{}, &EngineError{Host: host, Err: errors.New("engines by ssh are not reached: forward its socket, as with ssh -L ./docker.sock:/var/run/docker.sock, and set DOCKER_HOST=unix://…")}
	case dir != "" && strings.HasPrefix(host, "tcp://"):
		p.tls, err = readTLS(dir, unverified)
	}
	return p, err
}

// fromEnvironment returns the engine of DOCKER_HOST, whose companions are
// DOCKER_TLS_VERIFY and DOCKER_CERT_PATH: the second alone means TLS with a
// server that is not verified, the first alone the files of the Docker
// configuration.
func fromEnvironment(host string, getenv func(string) string) (place, error) {
	verify := getenv("DOCKER_TLS_VERIFY") != ""
	dir := getenv("DOCKER_CERT_PATH")
	if dir == "" && verify {
		dir = dockerFolder(getenv)
	}
	return newPlace(host, dir, !verify)
}

// findEngine decides which engine is asked.
func findEngine(getenv func(string) string) (place, error) {
	if host := getenv("DOCKER_HOST"); host != "" {
		return fromEnvironment(host, getenv)
	}
	dir, name := dockerFolder(getenv), getenv("DOCKER_CONTEXT")
	if dir != "" && name == "" {
		var config struct {
			CurrentContext string `json:"currentContext"`
		}
		err := readJSON(filepath.Join(dir, "config.json"), &config)
		if _, unreadable := errors.AsType[*fs.PathError](err); err != nil && !unreadable {
			return place{}, err
		}
		name = config.CurrentContext
	}
	if name == "" || name == "default" {
		return place{host: defaultSocket(getenv)}, nil
	}
	return readDockerContext(dir, name)
}

// readDockerContext reads a context that `docker context create` made.
func readDockerContext(dir, name string) (place, error) {
	sum := sha256.Sum256([]byte(name))
	id := hex.EncodeToString(sum[:])
	var meta struct {
		Endpoints map[string]struct {
			Host          string
			SkipTLSVerify bool
		}
	}
	if err := readJSON(filepath.Join(dir, "contexts", "meta", id, "meta.json"), &meta); err != nil {
		return place{}, fmt.Errorf("reading the Docker context %q: %w", name, err)
	}
	endpoint := meta.Endpoints["docker"]
	certificates := filepath.Join(dir, "contexts", "tls", id, "docker")
	if _, err := os.Stat(certificates); err != nil && !endpoint.SkipTLSVerify {
		certificates = ""
	}
	return newPlace(cmp.Or(endpoint.Host, client.DefaultDockerHost), certificates, endpoint.SkipTLSVerify)
}

func readJSON(name string, into any) error {
	body, err := filetree.ReadSmall(name, filetree.MaxSettings)
	if err != nil {
		return fmt.Errorf("reading the Docker configuration: %w", err)
	}
	if err := json.Unmarshal(body, into); err != nil {
		return fmt.Errorf("reading the Docker configuration %q: %w", name, err)
	}
	return nil
}

// defaultSocket returns the socket of Docker, or that of Podman where Docker
// has none.
func defaultSocket(getenv func(string) string) string {
	docker, local := strings.CutPrefix(client.DefaultDockerHost, "unix://")
	if !local {
		return client.DefaultDockerHost
	}
	sockets := []string{docker}
	if home, err := os.UserHomeDir(); err == nil {
		sockets = append(sockets, filepath.Join(home, ".docker", "run", "docker.sock"))
	}
	if dir := getenv("XDG_RUNTIME_DIR"); dir != "" {
		sockets = append(sockets, filepath.Join(dir, "podman", "podman.sock"))
	}
	sockets = append(sockets, "/run/podman/podman.sock")
	for _, socket := range sockets {
		if info, err := os.Stat(socket); err == nil && info.Mode()&os.ModeSocket != 0 {
			return "unix://" + socket
		}
	}
	return client.DefaultDockerHost
}
