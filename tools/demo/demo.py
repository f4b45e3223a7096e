"""Plans, publishes and runs examples/quickstart on a stand-in for AWS.

Everything happens below .demo: the provider, its cache, the CLI's state and the
stand-in's. Run it with `make demo`, which sets the environment; it exits with 0
only if every check held.
"""

import base64
import hashlib
import io
import json
import os
import platform
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.request
import zipfile
from contextlib import contextmanager
from pathlib import Path

import boto3

ROOT = Path(__file__).resolve().parents[2]
DEMO = ROOT / ".demo"
CLI = os.environ["TF_ACC_TERRAFORM_PATH"]
HOST = os.environ.get("TF_ACC_PROVIDER_HOST", "registry.terraform.io")
REGION = "us-east-1"

checks = []


def main():
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("ended"))
    shutil.rmtree(DEMO, ignore_errors=True)
    DEMO.mkdir()
    with step("Build the provider"):
        build_provider()
    with stand_in() as endpoint:
        env = environment(endpoint)
        work = DEMO / "quickstart"
        shutil.copytree(ROOT / "examples" / "quickstart", work)
        with step("Init"):
            cli(work, env, "init", "-input=false")
        with step("Plan: choose, verify and pack the layers"):
            cli(work, env, "plan", "-input=false", "-out=demo.tfplan")
        planned = show_plan(json.loads(cli(work, env, "show", "-json", "demo.tfplan")))
        with step("Apply the saved plan: publish them"):
            cli(work, env, "apply", "-input=false", "demo.tfplan")
        layers = json.loads(cli(work, env, "output", "-json", "layers"))
        client = aws(endpoint)
        for arn in [*layers, json.loads(cli(work, env, "output", "-json", "node_layer"))]:
            show_layer(client, arn, planned)
        with step("Invoke a function with the two Python layers"):
            answer = invoke(client, layers)
        show_answer(answer)
        with step("Plan again"):
            again = cli(work, env, "plan", "-input=false", "-detailed-exitcode", accept=(0, 2))
        check("the second plan is empty", "No changes." in again)
    return finish()


def build_provider():
    """Builds the provider into a filesystem mirror and points the CLI at it."""
    machine = platform.machine().lower()
    arch = {"x86_64": "amd64", "aarch64": "arm64"}.get(machine, machine)
    target = DEMO / "mirror" / HOST / "layerbuild" / "layerbuild" / "0.0.1" / f"{platform.system().lower()}_{arch}"
    run(["go", "build", "-o", str(target / "terraform-provider-layerbuild_v0.0.1"), "."], cwd=ROOT)
    (DEMO / "cli.tfrc").write_text(
        "provider_installation {\n"
        f"  filesystem_mirror {{ path = {json.dumps(str(DEMO / 'mirror'))} }}\n"
        "}\n"
    )


@contextmanager
def stand_in():
    """Runs MiniStack on a free port of the loopback interface; yields its address."""
    port = free_port()
    scratch = DEMO / "ministack"
    (scratch / "tmp").mkdir(parents=True)
    env = os.environ | {
        "BIND_HOST": "127.0.0.1",
        "GATEWAY_PORT": str(port),
        "TMPDIR": str(scratch / "tmp"),
        "STATE_DIR": str(scratch / "state"),
        "S3_DATA_DIR": str(scratch / "s3"),
    }
    with open(scratch / "log", "wb") as log:
        server = subprocess.Popen(
            [sys.executable, "-m", "ministack"], env=env, stdout=log, stderr=log, start_new_session=True
        )
        try:
            with step(f"Start MiniStack on 127.0.0.1:{port}"):
                wait_for(server, f"http://127.0.0.1:{port}/_ministack/health")
            yield f"http://127.0.0.1:{port}"
        finally:
            # Functions run in processes of the server's group.
            os.killpg(server.pid, signal.SIGKILL)
            server.wait()


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def wait_for(server, url):
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        try:
            opener.open(url, timeout=2).close()
            return
        except OSError:
            if server.poll() is not None:
                break
            time.sleep(0.1)
    sys.exit(f"MiniStack did not answer; see {DEMO / 'ministack' / 'log'}")


def environment(endpoint):
    """The CLI's environment: credentials of the stand-in, and nothing of the user's AWS or Terraform settings."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("AWS_", "TF_"))}
    no_proxy = ",".join(filter(None, [os.environ.get("NO_PROXY") or os.environ.get("no_proxy"), "127.0.0.1"]))
    return kept | {
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_ENDPOINT_URL": endpoint,
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "NO_PROXY": no_proxy,
        "no_proxy": no_proxy,
        "LAYERBUILD_CACHE_DIR": str(DEMO / "cache"),
        "TF_CLI_CONFIG_FILE": str(DEMO / "cli.tfrc"),
        "TF_IN_AUTOMATION": "1",
        "CHECKPOINT_DISABLE": "1",
    }


def cli(work, env, *args, accept=(0,)):
    color = [] if args[0] in ("show", "output") else ["-no-color"]
    return run([CLI, f"-chdir={work}", args[0], *color, *args[1:]], env=env, accept=accept)


def run(command, accept=(0,), **options):
    """Runs a command and returns its output; ends the demo with it where the command fails."""
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, **options)
    if done.returncode not in accept:
        sys.exit(f"\n{' '.join(map(str, command))} exited with {done.returncode}:\n{done.stdout}")
    return done.stdout


def show_plan(plan):
    """Prints what the saved plan knows of each package; returns hash → address."""
    planned = {}
    for change in plan["resource_changes"]:
        if change["type"] != "layerbuild_package":
            continue
        after = change["change"]["after"]
        code_hash = after.get("source_code_hash")
        check(f"the plan knows the hash of {change['address']}", bool(code_hash))
        if not code_hash:
            continue
        planned[code_hash] = change["address"]
        print(f"    {change['address']}")
        print(f"      hash      {code_hash}")
        print(f"      size      {after['size']:,} bytes, unzipped {after['unzipped_size']:,}")
        for name, version in sorted((after.get("contents") or {}).items()):
            print(f"      contents  {name} {version}")
    return planned


def show_layer(client, arn, planned):
    """Compares a published layer with its plan: the hash that AWS reports, and the bytes it serves."""
    layer = client.get_layer_version_by_arn(Arn=arn)
    reported = layer["Content"]["CodeSha256"]
    with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(layer["Content"]["Location"]) as body:
        served = base64.b64encode(hashlib.sha256(body.read()).digest()).decode()
    print(f"    {arn}")
    print(f"      CodeSha256 {reported}, {layer['Content']['CodeSize']:,} bytes")
    check(f"{arn.split(':layer:')[1]}: CodeSha256 equals the planned hash of {planned.get(reported)}", reported in planned)
    check(f"{arn.split(':layer:')[1]}: the bytes AWS serves have that hash", served == reported)


def aws(endpoint):
    return boto3.client(
        "lambda", endpoint_url=endpoint, region_name=REGION, aws_access_key_id="test", aws_secret_access_key="test"
    )


def invoke(client, layers):
    code = io.BytesIO()
    with zipfile.ZipFile(code, "w") as z:
        z.write(Path(__file__).with_name("app.py"), "app.py")
    client.create_function(
        FunctionName="layerbuild-demo",
        Runtime="python3.11",
        Role="arn:aws:iam::000000000000:role/demo",
        Handler="app.handler",
        Code={"ZipFile": code.getvalue()},
        Layers=layers,
        Timeout=30,
    )
    client.get_waiter("function_active_v2").wait(FunctionName="layerbuild-demo", WaiterConfig={"Delay": 1})
    reply = client.invoke(FunctionName="layerbuild-demo", Payload=json.dumps({"when": "2026-01-30"}))
    answer = json.load(reply["Payload"])
    if reply.get("FunctionError"):
        sys.exit(f"the function failed:\n{json.dumps(answer, indent=2)}")
    return answer


def show_answer(answer):
    body = json.loads(answer["body"])
    for key, value in body.items():
        print(f"      {key:<22} {value}")
    check("the function answered 200", answer["statusCode"] == 200)
    check("requests, dateutil and powertools have the locked versions", (body["requests"], body["dateutil"], body["aws_lambda_powertools"]) == ("2.31.0", "2.8.2", "2.30.0"))
    check("every import came from one of the two", body["imported_from"] == ["layer_0", "layer_1"])


@contextmanager
def step(title):
    start = time.monotonic()
    print(f"• {title} … ", end="", flush=True)
    yield
    print(f"{time.monotonic() - start:.2f} s", flush=True)


def check(claim, held):
    checks.append((claim, held))


def finish():
    print("\nChecks")
    for claim, held in checks:
        print(f"  {'✓' if held else '✗'} {claim}")
    return 0 if checks and all(held for _, held in checks) else 1


if __name__ == "__main__":
    sys.exit(main())
