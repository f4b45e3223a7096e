terraform {
  required_version = ">= 1.8"
  required_providers {
    layerbuild = { source = "layerbuild/layerbuild" }
  }
}

provider "layerbuild" {
  region = "us-east-1"
}

variable "ffmpeg" {
  description = "The archive of FFmpeg, and its SHA-256. Without one the first plan pins what it finds."
  type        = object({ url = string, sha256 = optional(string) })
  default     = { url = "https://johnvansickle.com/ffmpeg/releases/ffmpeg-release-amd64-static.tar.xz" }
}

# Two programs out of an archive. Functions find them in /opt/bin, which is on PATH.
resource "layerbuild_package" "ffmpeg" {
  runtimes = ["python3.11", "python3.12", "nodejs22.x"]
  downloads = [{
    url          = var.ffmpeg.url
    sha256       = var.ffmpeg.sha256
    architecture = "x86_64"
    files        = { "*/ffmpeg" = "bin/ffmpeg", "*/ffprobe" = "bin/ffprobe" }
  }]
}

resource "layerbuild_version" "ffmpeg" {
  layer_name  = "ffmpeg"
  package     = layerbuild_package.ffmpeg
  description = "FFmpeg and FFprobe binaries"
}

# What runs on Lambda, as the plan sees it: no findings for a static build.
data "layerbuild_inspection" "ffmpeg" {
  filename      = layerbuild_package.ffmpeg.filename
  runtimes      = layerbuild_package.ffmpeg.runtimes
  architectures = layerbuild_package.ffmpeg.architectures
  depends_on    = [layerbuild_version.ffmpeg]
}

output "layer" {
  value = layerbuild_version.ffmpeg.arn
}
