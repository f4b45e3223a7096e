package container

import (
	"cmp"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"net"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/moby/moby/client"
)

func TestDockerContexts(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	// SHA-256 of "remote".
	const id = "b71199ebd070b36beab7317920c2c2f1d777df8d05e5527d8458fda57cb17a7a"
	meta := filepath.Join(dir, "contexts", "meta", id)
	if err := os.MkdirAll(meta, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(meta, "meta.json"), []byte(`{"Name":"remote","Endpoints":{"docker":{"Host":"tcp://10.0.0.1:2376"}}}`), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "config.json"), []byte(`{"currentContext":"remote"}`), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		env  map[string]string
		want string
	}{
		{map[string]string{"DOCKER_CONFIG": dir}, "tcp://10.0.0.1:2376"},
		{map[string]string{"DOCKER_CONFIG": dir, "DOCKER_CONTEXT": "remote"}, "tcp://10.0.0.1:2376"},
		{map[string]string{"DOCKER_CONFIG": dir, "DOCKER_HOST": "tcp://10.0.0.2:2375"}, "tcp://10.0.0.2:2375"},
	} {
		got, err := findEngine(func(key string) string { return c.env[key] })
		if err != nil || got.host != c.want {
			t.Errorf("%v: got %q and %v, want %q", c.env, got.host, err, c.want)
		}
	}
	if _, err := findEngine(func(key string) string {
		return map[string]string{"DOCKER_CONFIG": dir, "DOCKER_CONTEXT": "absent"}[key]
	}); err == nil || !strings.Contains(err.Error(), `"absent"`) {
		t.Errorf("got %v, want an error that names the context", err)
	}
}

// secured serves an engine by TLS that wants a certificate of its clients, and
// returns its host with a folder of ca.pem, cert.pem and key.pem.
func secured(t *testing.T, e *fakeEngine) (host, dir string) {
	t.Helper()
	s := httptest.NewUnstartedServer(e)
	s.TLS = &tls.Config{ClientAuth: tls.RequireAnyClientCert, MinVersion: tls.VersionTLS12}
	s.StartTLS()
	t.Cleanup(s.Close)
	dir = t.TempDir()
	own := s.TLS.Certificates[0]
	key, err := x509.MarshalPKCS8PrivateKey(own.PrivateKey)
	if err != nil {
		t.Fatal(err)
	}
	certificate := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: own.Certificate[0]})
	for name, body := range map[string][]byte{"ca.pem": certificate, "cert.pem": certificate, "key.pem": pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: key})} {
		if err := os.WriteFile(filepath.Join(dir, name), body, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return "tcp://" + s.Listener.Addr().String(), dir
}

const strangerPEM = `-----BEGIN CERTIFICATE-----
MIIBODCB66ADAgECAhRvwfZ2UvpP7lQVFVqCPmmtHjdSfzAFBgMrZXAwETEPMA0G
A1UEAwwGbm9ib2R5MCAXDTI2MTEyMzIxNTQ1N1oYDzIxMjYxMDMwMjE1NDU3WjAR
MQ8wDQYDVQQDDAZub2JvZHkwKjAFBgMrZXADIQBYW0hEZhT7s6lExK5EpYIPe4xw
I8EMoc2VFHEkC/LZkKNTMFEwHQYDVR0OBBYEFPFGYAF8US3Pimp58BAzNlbrGoKU
MB8GA1UdIwQYMBaAFPFGYAF8US3Pimp58BAzNlbrGoKUMA8GA1UdEwEB/wQFMAMB
Af8wBQYDK2VwA0EA6hEinm3/pzskosYME8ek7GZt7QGc8teGu3t+gnbplFdjeJdu
EoNWelzmLUsMlwG6qu/MJCCLSDfACStFCDzsDg==
-----END CERTIFICATE-----
`

// stranger writes the certificate of another server as ca.pem into a copy of the
// folder.
func stranger(t *testing.T, dir string) string {
	t.Helper()
	other := t.TempDir()
	if err := os.CopyFS(other, os.DirFS(dir)); err != nil {
		t.Fatal(err)
	}
	// A self-signed certificate of nobody (Ed25519), valid until 2125.
	if err := os.WriteFile(filepath.Join(other, "ca.pem"), []byte(strangerPEM), 0o600); err != nil {
		t.Fatal(err)
	}
	return other
}

func TestEnginesByTLS(t *testing.T) {
	t.Parallel()
	newEngine := func() *fakeEngine {
		return &fakeEngine{builder: "1", progress: built, archives: map[string][]byte{"/opt/x": packed(t, file("x", "x"))}}
	}
	host, dir := secured(t, newEngine())
	other := stranger(t, dir)
	if err := os.Remove(filepath.Join(other, "cert.pem")); err != nil {
		t.Fatal(err)
	}
	wrong := stranger(t, dir)
	configuration := func(skip, certificates string) map[string]string {
		t.Helper()
		docker := t.TempDir()
		// SHA-256 of "remote".
		const id = "b71199ebd070b36beab7317920c2c2f1d777df8d05e5527d8458fda57cb17a7a"
		meta := filepath.Join(docker, "contexts", "meta", id)
		text := `{"Name":"remote","Endpoints":{"docker":{"Host":"` + host + `","SkipTLSVerify":` + skip + `}}}`
		if err := errors.Join(os.MkdirAll(meta, 0o755), os.WriteFile(filepath.Join(meta, "meta.json"), []byte(text), 0o600)); err != nil {
			t.Fatal(err)
		}
		if err := os.CopyFS(filepath.Join(docker, "contexts", "tls", id, "docker"), os.DirFS(certificates)); err != nil {
			t.Fatal(err)
		}
		return map[string]string{"DOCKER_CONFIG": docker, "DOCKER_CONTEXT": "remote"}
	}
	for _, c := range []struct {
		name  string
		env   map[string]string
		fault string
	}{
		{"verified", map[string]string{"DOCKER_HOST": host, "DOCKER_TLS_VERIFY": "1", "DOCKER_CERT_PATH": dir}, ""},
		{"not verified", map[string]string{"DOCKER_HOST": host, "DOCKER_CERT_PATH": wrong}, ""},
		{"files of the configuration", map[string]string{"DOCKER_HOST": host, "DOCKER_TLS_VERIFY": "1", "DOCKER_CONFIG": dir}, ""},
		{"of a stranger", map[string]string{"DOCKER_HOST": host, "DOCKER_TLS_VERIFY": "1", "DOCKER_CERT_PATH": wrong}, "certificate"},
		{"no certificate of ours", map[string]string{"DOCKER_HOST": host, "DOCKER_CERT_PATH": other}, "certificate"},
		{"no TLS", map[string]string{"DOCKER_HOST": host}, "HTTPS"},
		{"context", configuration("false", dir), ""},
		{"context of a stranger", configuration("false", wrong), "certificate"},
		{"context that is not verified", configuration("true", wrong), ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			got, _, err := runAs(t, func(key string) string { return c.env[key] }, Files{"/opt/x": "x"})
			if c.fault == "" {
				if err != nil || got["x"] != "x" {
					t.Errorf("got %q and %v", got, err)
				}
				return
			}
			if none := (*EngineError)(nil); !errors.As(err, &none) || !strings.Contains(err.Error(), c.fault) {
				t.Errorf("got %v, want an *EngineError that says %s", err, c.fault)
			}
		})
	}
}

// TestSessionsByTLS has BuildKit ask for credentials on a connection with TLS.
func TestSessionsByTLS(t *testing.T) {
	t.Parallel()
	e := &fakeEngine{builder: "2", progress: built, archives: map[string][]byte{"/opt/x": packed(t, file("x", "x"))}}
	host, dir := secured(t, e)
	environment := configured(t, "registry.example.com", `{"auths":{"HOST":{"auth":"`+loginText+`"}}}`)
	env := map[string]string{"DOCKER_HOST": host, "DOCKER_TLS_VERIFY": "1", "DOCKER_CERT_PATH": dir}
	got, _, err := runAs(t, func(key string) string { return cmp.Or(env[key], environment(key)) }, Files{"/opt/x": "x"})
	if err != nil || got["x"] != "x" {
		t.Fatalf("got %q and %v", got, err)
	}
	if want := "\x00\x00\x00\x00\x11\x0a\x07someone\x12\x06s3cret"; string(e.asked) != want {
		t.Errorf("the session answered %q, want %q", e.asked, want)
	}
}

func TestUnusableCertificates(t *testing.T) {
	t.Parallel()
	_, dir := secured(t, &fakeEngine{})
	for _, name := range []string{"ca.pem", "key.pem"} {
		damaged := t.TempDir()
		if err := os.CopyFS(damaged, os.DirFS(dir)); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(damaged, name), []byte("no text"), 0o600); err != nil {
			t.Fatal(err)
		}
		env := map[string]string{"DOCKER_HOST": "tcp://127.0.0.1:1", "DOCKER_TLS_VERIFY": "1", "DOCKER_CERT_PATH": damaged}
		if _, err := findEngine(func(key string) string { return env[key] }); err == nil || !strings.Contains(err.Error(), "reading the certificate") {
			t.Errorf("with a damaged %s got %v", name, err)
		}
	}
}

// TestEnginesThatSayNothing ends with the context of who asks.
func TestEnginesThatSayNothing(t *testing.T) {
	t.Parallel()
	silent, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = silent.Close() })
	env := map[string]string{"DOCKER_HOST": "tcp://" + silent.Addr().String()}
	place, err := findEngine(func(key string) string { return env[key] })
	if err != nil {
		t.Fatal(err)
	}
	api, err := client.New(place.options("")...)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := pingEngine(t.Context(), api, 50*time.Millisecond); err == nil || !strings.Contains(err.Error(), "no answer within 50ms") {
		t.Errorf("got %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := pingEngine(ctx, api, time.Minute); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want context.Canceled", err)
	}
}
