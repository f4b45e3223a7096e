package provider

import (
	"archive/tar"
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/google/go-containerregistry/pkg/authn"
	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/registry"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/tarball"
	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
)

// The login of the registries of these tests, and the token that one gives out.
const (
	registryUser   = "reader"
	registrySecret = "registry-s3cret"
	registryToken  = "token-s3cret"
)

// servedRegistry serves a registry and returns its host; asked counts requests.
// guard is "", "basic" or "token".
func servedRegistry(t *testing.T, guard string) (host string, asked *atomic.Int64, stop func()) {
	t.Helper()
	asked = &atomic.Int64{}
	images := registry.New(registry.Logger(log.New(io.Discard, "", 0)))
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked.Add(1)
		user, secret, _ := r.BasicAuth()
		login := user == registryUser && secret == registrySecret
		challenge := `Basic realm="test"`
		switch {
		case guard == "token" && r.URL.Path == "/token" && login:
			_ = json.NewEncoder(w).Encode(map[string]string{"token": registryToken})
			return
		case guard == "token":
			login = r.Header.Get("Authorization") == "Bearer "+registryToken
			challenge = `Bearer realm="http://` + r.Host + `/token",service="test"`
		}
		if guard != "" && !login {
			w.Header().Set("WWW-Authenticate", challenge)
			http.Error(w, `{"errors":[{"code":"UNAUTHORIZED","message":"who are you"}]}`, http.StatusUnauthorized)
			return
		}
		images.ServeHTTP(w, r)
	}))
	t.Cleanup(s.Close)
	return strings.TrimPrefix(s.URL, "http://"), asked, s.Close
}

// pushImage writes an image of files for an architecture, as images name it.
func pushImage(t *testing.T, image, architecture string, files map[string]string) {
	t.Helper()
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	for path, content := range files {
		if err := w.WriteHeader(&tar.Header{Typeflag: tar.TypeReg, Name: path, Size: int64(len(content)), Mode: 0o755}); err != nil {
			t.Fatal(err)
		}
		if _, err := io.WriteString(w, content); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	packed := b.Bytes()
	files1, err := tarball.LayerFromOpener(func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(packed)), nil })
	if err != nil {
		t.Fatal(err)
	}
	base, err := mutate.ConfigFile(empty.Image, &v1.ConfigFile{OS: "linux", Architecture: architecture})
	if err != nil {
		t.Fatal(err)
	}
	whole, err := mutate.AppendLayers(base, files1)
	if err != nil {
		t.Fatal(err)
	}
	ref, err := name.ParseReference(image)
	if err != nil {
		t.Fatal(err)
	}
	if err := remote.Write(ref, whole, remote.WithAuth(&authn.Basic{Username: registryUser, Password: registrySecret})); err != nil {
		t.Fatal(err)
	}
}

// dockerConfig writes a Docker configuration and returns its folder.
func dockerConfig(t *testing.T, config string) string {
	t.Helper()
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "config.json"), []byte(config), 0o600); err != nil {
		t.Fatal(err)
	}
	return dir
}

// TestImagesOnDifferentMachines plans on one machine, applies on another and
// plans without a registry on a third. The registries want a password and a
// token, and nothing that is written or printed holds either.
func TestImagesOnDifferentMachines(t *testing.T) {
	t.Parallel()
	basic, asked, stopBasic := servedRegistry(t, "basic")
	token, _, stopToken := servedRegistry(t, "token")
	pushImage(t, basic+"/team/tool:1", "amd64", map[string]string{"opt/bin/tool": elfHeader(62)})
	pushImage(t, token+"/team/data:1", "amd64", map[string]string{"srv/data.json": "{}"})
	login := base64.StdEncoding.EncodeToString([]byte(registryUser + ":" + registrySecret))
	configuration := "DOCKER_CONFIG=" + dockerConfig(t, fmt.Sprintf(`{"auths":{%q:{"auth":%q},%q:{"auth":%[2]q}}}`, basic, login, token))
	text := func(triggers string) string {
		return requiredProvider + fmt.Sprintf(`
resource "layerbuild_package" "p" {
  runtimes = ["python3.12"]
  images = [
    { image = "%s/team/tool:1", files = { "/opt/bin/" = "bin" } },
    { image = "%s/team/data:1", files = { "/srv/*.json" = "python/" } },
  ]
  triggers = { at = %q }
}
`, basic, token, triggers)
	}
	planner := newMachine(t, nil).uses(configuration, "TF_LOG=TRACE")
	planner.write("main.tf", text("1"))
	printed := planner.terraform(0, "plan", "-out=saved.tfplan")
	hash := planner.planned("saved.tfplan", "layerbuild_package.p", "sha256")
	applier := newMachine(t, planner).uses(configuration, "TF_LOG=TRACE")
	printed += applier.terraform(0, "apply", "saved.tfplan")
	zips := applier.zips()
	if len(zips) != 1 || filepath.Base(zips[0]) != hash+".zip" {
		t.Fatalf("the other machine wrote %q, planned was %s", zips, hash)
	}
	if got := unzip(t, zips[0]); len(got) != 2 || got["bin/tool"] != elfHeader(62) || got["python/data.json"] != "{}" {
		t.Errorf("the layer holds %q", keys(got))
	}

	// The tag moves, and nothing else does.
	pushImage(t, basic+"/team/tool:1", "amd64", map[string]string{"opt/bin/tool": elfHeader(62) + "2"})
	before := asked.Load()
	newMachine(t, applier).terraform(0, "plan", "-detailed-exitcode")
	if got := asked.Load(); got != before {
		t.Errorf("a plan without changes made %d requests", got-before)
	}
	moved := newMachine(t, applier).uses(configuration)
	moved.write("main.tf", text("2"))
	moved.terraform(2, "plan", "-detailed-exitcode")
	stopBasic()
	stopToken()
	idle := newMachine(t, applier)
	idle.terraform(0, "plan", "-detailed-exitcode")
	idle.terraform(0, "destroy", "-auto-approve")
	findNone(t, []string{registrySecret, registryToken, login}, printed, planner.dir, planner.home, applier.dir, applier.home)
}

func TestImagesThatAreRefused(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	host, _, _ := servedRegistry(t, "")
	guarded, _, _ := servedRegistry(t, "basic")
	w.env = map[string]string{"DOCKER_CONFIG": dockerConfig(t, fmt.Sprintf(`{"credHelpers":{%q:"absent"}}`, guarded))}
	pushImage(t, host+"/tool:1", "arm64", map[string]string{"opt/tool": elfHeader(183)})
	pushImage(t, host+"/liar:1", "amd64", map[string]string{"opt/tool": elfHeader(183)})
	pushImage(t, guarded+"/tool:1", "amd64", map[string]string{"opt/tool": "x"})
	var steps []resource.TestStep
	for _, c := range []struct{ element, want string }{
		{fmt.Sprintf(`image = "%s/tool:1", files = { "/opt/tool" = "bin/" }`, host), `is for linux/arm64, not for linux/amd64`},
		{fmt.Sprintf(`image = "%s/liar:1", files = { "/opt/tool" = "bin/" }`, host), `"bin/tool" is for arm64`},
		{fmt.Sprintf(`image = "%s/liar:1", files = { "/opt/tol" = "bin/" }`, host), `"/opt/tol" is not in the image`},
		{fmt.Sprintf(`image = "%s/absent:1", files = { "/opt/tool" = "bin/" }`, host), `The files of the image "[^"]*/absent:1" cannot be taken`},
		{fmt.Sprintf(`image = "%s/tool:1", files = { "/opt/tool" = "bin/" }`, guarded), `(?s)"docker-credential-absent".*DOCKER_CONFIG`},
		{`image = "UPPER/case", files = { "/x" = "x" }`, `Malformed element images\[0\]`},
		{`image = "127.0.0.1:1/x", files = { "x" = "x" }`, `(?s)not absolute.*"/x"`},
		{`image = "127.0.0.1:1/x", files = { "/x" = "../x" }`, `Malformed element images\[0\]`},
		{`image = "127.0.0.1:1/x", files = {}`, `at least 1`},
		{`image = "127.0.0.1:1/x", files = { "/x" = "x" }, platform = "windows/amd64"`, `linux/arm64`},
		{`image = "127.0.0.1:1/x", files = { "/x" = "x" }`, `(?s)Asking the registry for the image.*refused`},
	} {
		steps = append(steps, resource.TestStep{
			Config:      w.config("resource \"layerbuild_package\" \"p\" {\n  runtimes = [\"python3.12\"]\n  images = [{ %s }]\n}", c.element),
			ExpectError: sentenceLike(c.want),
		})
	}
	resource.UnitTest(t, resource.TestCase{ProtoV6ProviderFactories: w.providers(), Steps: steps})
}

// TestPackageOfImages moves with the architecture, and asks nobody once that is
// done.
func TestPackageOfImages(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	host, asked, stop := servedRegistry(t, "")
	pushImage(t, host+"/x86:1", "amd64", map[string]string{"opt/bin/tool": elfHeader(62), "opt/bin/.hidden": "h"})
	pushImage(t, host+"/arm:1", "arm64", map[string]string{"opt/bin/tool": elfHeader(183)})
	out := filepath.Join(w.dir, "layer.zip")
	config := func(architecture, image string) string {
		return w.config(`
resource "layerbuild_package" "p" {
  runtimes      = ["python3.12"]
  architectures = [%q]
  output_path   = %q
  images        = [{ image = "%s/%s:1", files = { "/opt/bin/*" = "bin/" } }]
}`, architecture, out, host, image)
	}
	holds := func(n int, content string) resource.TestCheckFunc {
		return func(*terraformState) error {
			if got := unzip(t, out); len(got) != n || got["bin/tool"] != content {
				return fmt.Errorf("the layer holds %q", keys(got))
			}
			return nil
		}
	}
	var before int64
	resource.UnitTest(t, resource.TestCase{
		ProtoV6ProviderFactories: w.providers(),
		Steps: []resource.TestStep{
			{Config: config("x86_64", "x86"), ConfigPlanChecks: expectEmpty(), Check: holds(2, elfHeader(62))},
			{Config: config("arm64", "arm"), ConfigPlanChecks: expectEmpty(), Check: holds(1, elfHeader(183))},
			{PreConfig: func() { before = asked.Load() }, Config: config("arm64", "arm"), Check: func(*terraformState) error {
				if got := asked.Load(); got != before {
					return errors.New("a plan without changes asked the registry")
				}
				return nil
			}},
			{PreConfig: stop, RefreshState: true},
		},
	})
}
