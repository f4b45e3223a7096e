//go:build live

package publish

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/lambdatest"
)

// testbed names the Python environment that holds the stand-ins:
// pip install "moto[server]==5.2.5" "ministack==1.5.33".
const testbed = "LAYERBUILD_TESTBED"

const accepted = "accepts it"

func TestMotoConforms(t *testing.T) {
	t.Parallel()
	conform(t, moto(t), motoDifferences())
}

func TestMiniStackConforms(t *testing.T) {
	t.Parallel()
	conform(t, miniStack(t), miniStackDifferences())
}

// moto and miniStack start a stand-in for AWS and return its address.
func moto(t *testing.T) string {
	t.Helper()
	return lambdatest.Serve(t, standIn(t, "moto_server"), func(port string) ([]string, []string) {
		return []string{"-H", "127.0.0.1", "-p", port}, nil
	})
}

func miniStack(t *testing.T) string {
	t.Helper()
	return lambdatest.MiniStack(t, standIn(t, "ministack"))
}

// livePublisher returns a publisher whose AWS is at the address.
func livePublisher(t *testing.T, url string) *Publisher {
	t.Helper()
	p, err := New(t.Context(), Config{
		Region: home, AccessKey: "AKIDEXAMPLE", SecretKey: "wJalrXUtnFEMI", S3UsePathStyle: true,
		Endpoints: Endpoints{Lambda: url, S3: url, STS: url}, SharedConfigFiles: []string{t.TempDir() + "/config"}, SkipMetadataAPICheck: new(true),
	})
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// motoDifferences are what moto 5.2.5 does where AWS does what the probe says.
func motoDifferences() map[string]string {
	return map[string]string{
		"S3 object that is not there is refused":             "publishes a version without content",
		"publish from a version of an S3 object":             "takes the newest version of the object",
		"what is not a zip is refused":                       accepted,
		"a zip without a file is refused":                    accepted,
		"more than 262144000 bytes unzipped are refused":     accepted,
		"a layer name with a dot is refused":                 accepted,
		"a layer name of 141 characters is refused":          accepted,
		"a description of 257 characters is refused":         accepted,
		"an unknown runtime is refused":                      accepted,
		"16 runtimes are refused":                            accepted,
		"an unknown architecture is refused":                 accepted,
		"versions are listed in pages":                       "lists all at once",
		"versions are filtered by runtime":                   "ignores the filter",
		"versions are filtered by architecture":              "ignores the filter",
		"versions are listed by the layer's ARN":             "lists none",
		"layers are listed in pages":                         "lists all at once",
		"a layer is described by its version's ARN":          "answers 500",
		"the zip can be downloaded":                          "names an address that cannot be opened",
		"a version of a layer that never was can be deleted": "answers 404",
		"a statement id is taken once":                       accepted,
		"a stale revision is refused":                        accepted,
		"another action is refused":                          accepted,
		"a principal that is not an account is refused":      accepted,
		"a statement id with a dot is refused":               accepted,
		"an organization with an account is refused":         accepted,
		"a malformed organization is refused":                accepted,
		"a grant lets another account attach the layer":      "lets every account attach every layer",
		"a publisher shares with accounts and revokes":       "refuses every removal that names a revision",
		"a publisher shares with an organization":            "shares with everyone, and notes the organization in a form of its own",
		"a layer that is not there cannot be attached":       "answers 404",
		"six layers cannot be attached":                      accepted,
		"layers and code share one limit":                    accepted,
		"S3 refuses a body with another SHA-256":             accepted,
		"a part with another SHA-256 is refused":             accepted,
		"parts out of order are refused":                     accepted,
		"an aborted upload is gone":                          "answers 500",
		"parts make an object with a checksum of checksums":  "tells no checksum, or one without the number of parts",
		"names that AWS keeps are refused":                   "accepts levels without a slash before them",
	}
}

// miniStackDifferences are what MiniStack 1.5.33 does where AWS does what the
// probe says.
func miniStackDifferences() map[string]string {
	return map[string]string{
		"S3 object that is not there is refused":     "publishes a version without content",
		"S3 bucket that is not there is refused":     "publishes a version without content",
		"a zip without a file is refused":            accepted,
		"a layer name with a dot is refused":         accepted,
		"a layer name of 141 characters is refused":  accepted,
		"a description of 257 characters is refused": accepted,
		"an unknown runtime is refused":              accepted,
		"an unknown architecture is refused":         accepted,
		"versions are listed by the layer's ARN":     "lists none",
		"functions list their layers, all versions":  "lists no published versions",
		"six layers cannot be attached":              accepted,
		"a small part before others is refused":      accepted,
		"names that AWS keeps are refused":           "accepts levels without a slash before them",
		"parts out of order are refused":             accepted,
	}
}

// standIn returns the path of a program of the test bed.
func standIn(t *testing.T, program string) string {
	t.Helper()
	folder := os.Getenv(testbed)
	if folder == "" {
		t.Fatalf("%s is not set: name a Python environment with the stand-ins", testbed)
	}
	path := filepath.Join(folder, "bin", program)
	if _, err := os.Stat(path); err != nil {
		t.Fatalf("the test bed lacks %s: %v", program, err)
	}
	return path
}
