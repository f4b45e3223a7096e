//go:build live

package provider

import (
	"encoding/base64"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/indextest"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/lambdatest"
)

// The private index of the tests, and who may read it.
const (
	pypiserverUser     = "reader"
	pypiserverPassword = "hunter2-s3cret"
	privateUniverse    = "acme-internal 1.2.0\n  requires: acme-base>=1\n  file: acme_internal/api.py: VALUE = 12\\n\nacme-base 1.0\n"
)

// newPypiserver runs pypiserver on loopback, with the wheels of the private
// universe behind a password, and returns its index without credentials.
func newPypiserver(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	bin := func(name string) string { return filepath.Join(dir, "venv", "bin", name) }
	run := func(name string, arguments ...string) {
		t.Helper()
		if out, err := exec.CommandContext(t.Context(), name, arguments...).CombinedOutput(); err != nil {
			t.Fatalf("%s: %v\n%s", filepath.Base(name), err, out)
		}
	}
	run(testbed(t, "python"), "-m", "venv", filepath.Join(dir, "venv"))
	run(bin("pip"), "install", "--quiet", "--disable-pip-version-check", "pypiserver==2.3.2", "passlib==1.7.4")
	htpasswd := filepath.Join(dir, "htpasswd")
	run(bin("python"), "-c", "import sys; from passlib.apache import HtpasswdFile as H; h = H(sys.argv[1], new=True); h.set_password(*sys.argv[2:]); h.save()",
		htpasswd, pypiserverUser, pypiserverPassword)

	packages := filepath.Join(dir, "packages")
	if err := os.Mkdir(packages, 0o755); err != nil {
		t.Fatal(err)
	}
	source := indextest.New(t, privateUniverse)
	for _, name := range source.Files() {
		content, _ := source.Wheel(name)
		if err := os.WriteFile(filepath.Join(packages, name), content, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := listener.Addr().String()
	if err := listener.Close(); err != nil {
		t.Fatal(err)
	}
	_, port, _ := net.SplitHostPort(address)
	server := exec.CommandContext(t.Context(), bin("pypi-server"), "run", "--interface", "127.0.0.1", "--port", port,
		"--passwords", htpasswd, "--authenticate", "list,download,update", "--disable-fallback", packages)
	if err := server.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = server.Wait() }) // the test's context has ended it
	index := "http://" + address + "/simple/"
	for range 100 {
		response, err := http.Get(index)
		if err == nil {
			if err := response.Body.Close(); err != nil || response.StatusCode != http.StatusUnauthorized {
				t.Fatalf("the index without a password: %s, %v", response.Status, err)
			}
			return index
		}
		time.Sleep(100 * time.Millisecond)
	}
	t.Fatal("pypiserver does not answer")
	return ""
}

// TestPrivateIndexOfPypiserver resolves, builds and publishes a package that
// only a private index has, whichever way its password is given, and finds the
// password nowhere afterwards.
func TestPrivateIndexOfPypiserver(t *testing.T) {
	index := newPypiserver(t)
	withUser := strings.Replace(index, "://", "://"+pypiserverUser+":"+pypiserverPassword+"@", 1)
	netrc := fmt.Sprintf("machine 127.0.0.1 login %s password %s\n", pypiserverUser, pypiserverPassword)
	secrets := []string{pypiserverPassword, base64.StdEncoding.EncodeToString([]byte(pypiserverUser + ":" + pypiserverPassword))}
	for _, c := range []struct {
		name, arguments string
		environment     []string
		netrc           string
	}{
		{"pip variable", "", []string{"PIP_INDEX_URL=" + withUser}, ""},
		{"uv variable", "", []string{"UV_INDEX=" + withUser, "UV_DEFAULT_INDEX=http://127.0.0.1:9/simple/"}, ""},
		{"uv name", "", []string{"UV_DEFAULT_INDEX=corp=" + index, "UV_INDEX_CORP_USERNAME=" + pypiserverUser, "UV_INDEX_CORP_PASSWORD=" + pypiserverPassword}, ""},
		{"netrc", fmt.Sprintf(`, index = [{ url = %q, packages = ["acme-*"] }]`, index), []string{cut}, netrc},
	} {
		t.Run(strings.ReplaceAll(c.name, " ", "_"), func(t *testing.T) {
			aws := lambdatest.New(t)
			configure := func(description string) string {
				return strings.Replace(pipeline(aws.URL(), "", "acme-internal", description), `["acme-internal"]`, `["acme-internal"]`+c.arguments, 1)
			}
			start := func(from *machine) *machine {
				m := newMachine(t, from).uses(c.environment...).uses("TF_LOG=TRACE")
				if c.netrc != "" {
					// Outside of the home that is searched below.
					file := filepath.Join(t.TempDir(), "netrc")
					if err := os.WriteFile(file, []byte(c.netrc), 0o600); err != nil {
						t.Fatal(err)
					}
					m.uses("NETRC=" + file)
				}
				return m
			}
			planner := start(nil)
			planner.write("src/shared.py", "VALUE = 1\n")
			planner.write("main.tf", configure("first"))
			printed := planner.terraform(0, "plan", "-out=saved.tfplan")
			printed += planner.terraform(0, "show", "-json", "saved.tfplan")
			applier := start(planner)
			printed += applier.terraform(0, "apply", "saved.tfplan")
			printed += applier.terraform(0, "plan", "-detailed-exitcode")

			// A version is rebuilt from the lock, whose addresses have no password.
			applier.write("main.tf", configure("second"))
			printed += applier.terraform(0, "plan", "-out=second.tfplan")
			rebuilder := start(applier)
			printed += rebuilder.terraform(0, "apply", "second.tfplan")
			live := aws.Live(region, "deps")
			if len(live) != 2 || live[0].CodeSHA256 != live[1].CodeSHA256 {
				t.Fatalf("AWS has %+v, want two versions of the same bytes", live)
			}
			zips := planner.zips()
			if len(zips) != 1 || !strings.Contains(unzip(t, zips[0])["python/acme_internal/api.py"], "VALUE = 12") {
				t.Errorf("the layer in %q lacks the package", zips)
			}
			findNone(t, secrets, printed, planner.dir, planner.home, applier.dir, applier.home, rebuilder.dir, rebuilder.home)
		})
	}

	t.Run("wrong password", func(t *testing.T) {
		m := newMachine(t, nil).uses("TF_LOG=TRACE", "PIP_INDEX_URL="+strings.Replace(withUser, pypiserverPassword, pypiserverPassword+"-wrong", 1))
		m.write("main.tf", requiredProvider+"resource \"layerbuild_package\" \"deps\" {\n  runtimes = [\"python3.12\"]\n  python   = { requirements = [\"acme-internal\"] }\n}\n")
		out := m.terraform(1, "plan")
		if !sentenceLike("answered 403 Forbidden to the user and password of the index's URL").MatchString(out) {
			t.Errorf("the refusal is not named:\n%s", out)
		}
		findNone(t, secrets, out, m.dir, m.home)
	})
}
