"""Samplers: edges, walks and alternating walks as numbered sequences; stencils; noise."""
