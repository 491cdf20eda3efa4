# Silos that sample or learn: with libtorch. Build it from the repository's root:
#   docker build -f deploy/docker/worker.Dockerfile --build-arg DOTNET_IMAGES=REGISTRY/FOLDER -t etr-worker:0.1.0 .
# DOTNET_IMAGES is where the official .NET images sdk and aspnet are, or your mirror of them. For NVIDIA GPUs add
# --build-arg TORCH_BACKEND=cuda; the image brings CUDA's libraries, the host its driver and container toolkit.
ARG DOTNET_IMAGES
ARG SDK_TAG=10.0.401-noble
ARG RUNTIME_TAG=10.0.12-noble

FROM ${DOTNET_IMAGES}/sdk:${SDK_TAG} AS build
ARG TORCH_BACKEND=cpu
ARG ORLEANS_TLS=false
ARG ORLEANS_KUBERNETES=false
WORKDIR /source
COPY . .
RUN --mount=type=cache,target=/nuget NUGET_PACKAGES=/nuget \
    dotnet publish src/Etr.Silo -c Release -p:TorchBackend=${TORCH_BACKEND} -p:OrleansTls=${ORLEANS_TLS} -p:OrleansKubernetes=${ORLEANS_KUBERNETES} -o /out

FROM ${DOTNET_IMAGES}/aspnet:${RUNTIME_TAG}
RUN apt-get update \
    && apt-get install -y --no-install-recommends curl \
    && rm -rf /var/lib/apt/lists/* \
    && install -d -o "$APP_UID" -g "$APP_UID" /data
COPY --chmod=755 deploy/docker/entrypoint.sh /usr/local/bin/etr-entrypoint
COPY --chmod=755 deploy/docker/probe.sh /usr/local/bin/etr-probe
COPY models /app/models
COPY --from=build /out /app
# Only /data is written, and /tmp: run it with a read-only root file system and a tmpfs.
ENV PATH="/app:${PATH}" \
    ASPNETCORE_HTTP_PORTS= \
    NVIDIA_VISIBLE_DEVICES=all \
    NVIDIA_DRIVER_CAPABILITIES=compute,utility \
    Etr__Data=/data \
    Etr__Dashboard__Host=0.0.0.0 \
    Etr__Cluster__Roles=sampler,learner \
    Etr__Cluster__SiloPort=11111 \
    Etr__Cluster__GatewayPort=30000
VOLUME /data
EXPOSE 5080 11111 30000
USER $APP_UID
HEALTHCHECK --interval=10s --timeout=6s --start-period=60s --retries=6 CMD ["etr-probe", "healthz"]
ENTRYPOINT ["etr-entrypoint"]
CMD ["silo"]
