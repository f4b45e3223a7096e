package invoke

import (
	_ "embed" // the preloaded script
	"fmt"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/runtimes"
)

// clientVersion is that of AWS's runtime interface client for Python, which the
// managed runtimes have too (PyPI: awslambdaric, read 2026-11-30).
const clientVersion = "4.2.2"

// clientWheels are the digests of its wheels, by language version and
// architecture.
var clientWheels = map[string]map[string]string{
	"3.10": {
		runtimes.X8664: "71feb2fb303b73642a433154f2ea9eba8dd8c1da0863a3ff4c3916b9945b0de1",
		runtimes.ARM64: "4e53dbdf07c2c56824a7c539aeb65d15ea26858c1d7cdc89edf4d976dd50450f",
	},
	"3.11": {
		runtimes.X8664: "ea87f581768a7558b493a59ee9f4de6dcbc6444b888169afa01af71396ed731d",
		runtimes.ARM64: "0bfd063e2b4c3f1c58e5a561fab3a15d71ed85dbfacb0a7a693b8d20f1d1c544",
	},
	"3.12": {
		runtimes.X8664: "f04e362be24ae21f34beb9ad4847f94ebb915ccd5120925a227f721af20a411d",
		runtimes.ARM64: "1c6c1a9df7b32043f820204c035c0c9496b8203c8a39331712cb5f058ea6be8f",
	},
	"3.13": {
		runtimes.X8664: "2215bca01bbdbdfa9579bb4204f55d3e91e6dee589b88f8f9d20a285a790c468",
		runtimes.ARM64: "bd3ebafddd6c3283a2c7f121164f304273256c7fe3f9847be44d0c5f6fd2d792",
	},
	"3.14": {
		runtimes.X8664: "a153a632c70b6bb3f2783bcf609e38182740d812a2424be03a26782484ff6610",
		runtimes.ARM64: "702ead5196cf5ff30dcab997e4e4fca7ba020a258fa5ef996ef95955a0abab25",
	},
}

// others are the wheels that the client imports, and the AWS SDK that every
// Python runtime brings (Lambda Developer Guide, "Building Lambda functions with
// Python"). AWS moves the version of the SDK by itself: this one is near to it.
var others = []string{
	"simplejson==4.3.0 --hash=sha256:48d5d79d723300b49f18bbd88d786c0410cc58b869c121024a132e2e49f9cf35",
	"snapshot-restore-py==1.0.0 --hash=sha256:38f99e696793790f54658e71c68c7a8a40cea877c81232b5052383b1301aceba",
	"boto3==1.44.8 --hash=sha256:099caf21553bbbfef118904aa02fadb8776a534704cf00bede0ed9f29a4da88e",
	"botocore==1.44.8 --hash=sha256:76342a76c338701db80dcb8afe1c9bd079283d6fffbb9d881442abb02a215043",
	"jmespath==1.1.0 --hash=sha256:a5663118de4908c91729bea0acadca56526eb2698e83de10cd116ae0f4e97c64",
	"python-dateutil==2.9.0.post0 --hash=sha256:a8b2bc7bffae282281c8140a97d3aa9c14da0b136dfe83f850eea9a5f7470427",
	"s3transfer==0.19.3 --hash=sha256:24eb7535804306355e31c952a90022bf5b2f9d760f9a11062c7493a217c08553",
	"six==1.17.0 --hash=sha256:4721f391ed90541fddacab5acf947aa0d3dc7d27b2e1e8eda2be8970586c3274",
	"urllib3==2.8.0 --hash=sha256:0cf3cae568d36aa9576b28dfb35f11328f1cb974ca7647d9475ebb86c75ac6e3",
}

// nodeClient is AWS's client for Node.js, of which preload.cjs replaces the native
// module.
type nodeClient struct {
	URL, SHA256 string
	// Module is its one file of the archive.
	Module string
	// Start runs the handler with it.
	Start string
}

// nodeClients are those that the managed runtimes have (npm: aws-lambda-ric, read
// 2026-11-30): from Node.js 24 on the client refuses handlers with a callback.
var nodeClients = map[string]nodeClient{
	"18": nodeClient3, "20": nodeClient3, "22": nodeClient3, "24": nodeClient4, "26": nodeClient4,
}

var (
	nodeClient3 = nodeClient{
		URL:    "https://registry.npmjs.org/aws-lambda-ric/-/aws-lambda-ric-3.3.0.tgz",
		SHA256: "fb6cd346ec91301e6a02921e60bea1cc8d73cc7ec301191416b95f7d1295e09a", Module: "package/dist/index.mjs",
		Start: "import { run } from \"./index.mjs\";\nawait run(process.env.LAMBDA_TASK_ROOT, process.env._HANDLER);\n",
	}
	nodeClient4 = nodeClient{
		URL:    "https://registry.npmjs.org/aws-lambda-ric/-/aws-lambda-ric-4.0.2.tgz",
		SHA256: "28e042f42f6da655e72eef9190e4ab566141d2eccc5408429642a730b10b4646", Module: "package/index.mjs",
		Start: "import \"./index.mjs\";\n",
	}
)

//go:embed preload.cjs
var nodePreload string

// ClientPackage returns what a runtime has in /var/runtime, as the arguments of a
// layerbuild_package: its interface client, and for Python the AWS SDK. All that
// is fetched has its digest. A runtime that no client is pinned for is an
// *[UnableError].
func ClientPackage(runtime, architecture string) (map[string]any, error) {
	facts, err := runtimes.Lookup(runtime)
	if err != nil {
		return nil, err
	}
	digest := clientWheels[facts.Version][architecture]
	node, known := nodeClients[facts.Version]
	switch {
	case facts.Family == runtimes.Python && digest != "":
		requirements := []any{fmt.Sprintf("awslambdaric==%s --hash=sha256:%s", clientVersion, digest)}
		for _, r := range others {
			requirements = append(requirements, r)
		}
		return map[string]any{"python": map[string]any{"requirements": requirements}}, nil
	case facts.Family == runtimes.NodeJS && known:
		return map[string]any{
			"downloads": []any{map[string]any{"url": node.URL, "sha256": node.SHA256, "files": map[string]any{node.Module: "nodejs/index.mjs"}}},
			"files": []any{
				map[string]any{"content": nodePreload, "target": "nodejs/preload.cjs"},
				map[string]any{"content": node.Start, "target": "nodejs/start.mjs"},
			},
		}, nil
	}
	return nil, &UnableError{Lacks: fmt.Sprintf("handlers for %s on %s run in a container only, as no runtime interface client is known that needs no compiler", runtime, architecture)}
}
