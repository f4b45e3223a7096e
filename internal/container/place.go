package container

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/moby/moby/client"
)

// place is where an engine listens.
type place struct {
	host string
	// certificates is the folder of ca.pem, cert.pem and key.pem, or "".
	certificates string
	environment  bool // the host is DOCKER_HOST, whose companions count
}

func (p place) options() []client.Opt {
	if p.environment {
		return []client.Opt{client.WithTLSClientConfigFromEnv(), client.WithAPIVersionFromEnv(), client.WithHost(p.host)}
	}
	options := []client.Opt{client.WithAPIVersionFromEnv()}
	if p.certificates != "" {
		file := func(name string) string { return filepath.Join(p.certificates, name) }
		options = append(options, client.WithTLSClientConfig(file("ca.pem"), file("cert.pem"), file("key.pem")))
	}
	return append(options, client.WithHost(p.host))
}

// findEngine decides which engine is asked.
func findEngine(getenv func(string) string) (place, error) {
	if host := getenv("DOCKER_HOST"); host != "" {
		return checkPlace(place{host: host, environment: true})
	}
	dir := getenv("DOCKER_CONFIG")
	if dir == "" {
		home, _ := os.UserHomeDir()
		if home == "" {
			return place{host: client.DefaultDockerHost}, nil
		}
		dir = filepath.Join(home, ".docker")
	}
	name := getenv("DOCKER_CONTEXT")
	if name == "" {
		var config struct {
			CurrentContext string `json:"currentContext"`
		}
		if err := readJSON(filepath.Join(dir, "config.json"), &config); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return place{}, err
		}
		name = config.CurrentContext
	}
	if name == "" || name == "default" {
		return place{host: defaultSocket(getenv)}, nil
	}
	p, err := readDockerContext(dir, name)
	if err != nil {
		return place{}, err
	}
	return checkPlace(p)
}

// checkPlace refuses a host that is reached by running another program.
func checkPlace(p place) (place, error) {
	if strings.HasPrefix(p.host, "ssh://") {
		return place{}, &EngineError{Host: p.host, Err: errors.New("engines by ssh are not reached: forward its socket, as with ssh -L ./docker.sock:/var/run/docker.sock, and set DOCKER_HOST=unix://…")}
	}
	return p, nil
}

// readDockerContext reads a context that `docker context create` made.
func readDockerContext(dir, name string) (place, error) {
	sum := sha256.Sum256([]byte(name))
	id := hex.EncodeToString(sum[:])
	var meta struct {
		Endpoints map[string]struct {
			Host string
		}
	}
	if err := readJSON(filepath.Join(dir, "contexts", "meta", id, "meta.json"), &meta); err != nil {
		return place{}, fmt.Errorf("reading the Docker context %q: %w", name, err)
	}
	p := place{host: cmp.Or(meta.Endpoints["docker"].Host, client.DefaultDockerHost)}
	certificates := filepath.Join(dir, "contexts", "tls", id, "docker")
	if info, err := os.Stat(certificates); err == nil && info.IsDir() {
		p.certificates = certificates
	}
	return p, nil
}

func readJSON(name string, into any) error {
	body, err := os.ReadFile(name)
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
